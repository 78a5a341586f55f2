#include "pod/volumes.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "base/files.hpp"

namespace kubelet {
namespace {

// "..2026_11_22_09_12_09.123456789"
std::string time_stamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("..{:%Y_%m_%d_%H_%M_%S}.{:09}", fmt::gmtime(now.tv_sec), now.tv_nsec);
}

// As the kubelet's atomic writer: the files lie in a directory that is named after the time, behind two links.
struct Writer {
  fs::path dir;
  mode_t mode = 0644;
  std::string stamp;
  void put(const std::string& path, const std::string& content) const {
    const fs::path file = dir / stamp / path;
    make_dirs(file.parent_path());
    write_file(file, content, mode);
    const fs::path first = *fs::path(path).begin();
    link("..data", stamp);
    link(first, fs::path("..data") / first);
  }
  void link(const fs::path& name, const fs::path& target) const {
    fs::remove(dir / name);
    fs::create_symlink(target, dir / name);
  }
  // All keys, or those in `items`.
  void put_all(const Data& data, const Json& source) const {
    const Json& items = list_at(source, "items");
    for (const Json& item : items) {
      const auto found = data.find(string_at(item, "key"));
      if (found != data.end())
        put(string_at(item, "path"), found->second);
      else if (!bool_at(source, "optional", false))
        throw MissingReference("references non-existent config key: " + string_at(item, "key"));
    }
    if (!items.empty()) return;
    for (const auto& [key, value] : data) put(key, value);
  }
};

void put_downward(const Writer& out, const Json& source, const Json& pod, const std::string& pod_ip,
                  const Lookup& lookup) {
  for (const Json& item : list_at(source, "items")) {
    const Json& field = at_or_null(item, "fieldRef");
    out.put(string_at(item, "path"), field.is_object()
                                         ? field_value(pod, string_at(field, "fieldPath"), pod_ip, lookup.node_ip())
                                         : resource_value(pod, at_or_null(item, "resourceFieldRef"), ""));
  }
}

void put_projected(const Writer& out, const Json& source, const Json& pod, const std::string& pod_ip,
                   const Lookup& lookup) {
  const std::string ns = string_at(at_or_null(pod, "metadata"), "namespace");
  if (const Json& token = at_or_null(source, "serviceAccountToken"); token.is_object()) {
    const std::string account = string_at(at_or_null(pod, "spec"), "serviceAccountName", "default");
    out.put(string_at(token, "path", "token"), lookup.service_account_token(ns, account, pod));
  }
  if (const Json& map = at_or_null(source, "configMap"); map.is_object()) {
    if (const auto data = lookup.config_map(ns, string_at(map, "name"), bool_at(map, "optional", false)))
      out.put_all(*data, map);
  }
  if (const Json& secret = at_or_null(source, "secret"); secret.is_object()) {
    if (const auto data = lookup.secret(ns, string_at(secret, "name"), bool_at(secret, "optional", false)))
      out.put_all(*data, secret);
  }
  if (const Json& downward = at_or_null(source, "downwardAPI"); downward.is_object())
    put_downward(out, downward, pod, pod_ip, lookup);
}

std::string make_empty_dir(const fs::path& dir, const Json& source) {
  const bool made = fs::exists(dir);
  make_dirs(dir);
  if (!made) {
    if (string_at(source, "medium") == "Memory") mount_tmpfs(dir, "mode=1777");
    ::chmod(dir.c_str(), 0777);
  }
  return dir;
}

std::string check_host_path(const Json& source) {
  const std::string path = string_at(source, "path");
  const std::string type = string_at(source, "type");
  if (type == "DirectoryOrCreate" || (type.empty() && !fs::exists(path))) make_dirs(path);
  if (type == "FileOrCreate" && !fs::exists(path)) write_file(path, "");
  if (type == "Directory" && !fs::is_directory(path))
    throw MissingReference("hostPath type check failed: " + path + " is not a directory");
  if (type == "File" && !fs::is_regular_file(path))
    throw MissingReference("hostPath type check failed: " + path + " is not a file");
  return path;
}

std::string etc_hosts(const Json& pod, const std::string& pod_ip, const std::string& hostname) {
  const Json& spec = at_or_null(pod, "spec");
  if (bool_at(spec, "hostNetwork", false)) return read_file("/etc/hosts").value_or("");
  const std::string subdomain = string_at(spec, "subdomain");
  const std::string ns = string_at(at_or_null(pod, "metadata"), "namespace");
  const std::string name =
      subdomain.empty() ? hostname : hostname + "." + subdomain + "." + ns + ".svc.cluster.local\t" + hostname;
  std::string text =
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" + pod_ip +
      "\t" + name + "\n";
  const Json& aliases = list_at(spec, "hostAliases");
  if (!aliases.empty()) text += "\n# Entries added by HostAliases.\n";
  for (const Json& alias : aliases) {
    text += string_at(alias, "ip");
    for (const Json& host : list_at(alias, "hostnames")) text += "\t" + host.get<std::string>();
    text += "\n";
  }
  return text;
}

}  // namespace

PodDirectory::PodDirectory(const Json& pod)
    : root_(fs::path("/var/lib/kubelet/pods") / string_at(at_or_null(pod, "metadata"), "uid")) {
  make_dirs(root_, 0750);
}

PodDirectory::~PodDirectory() {
  unmount_below(root_);
  remove_tree(root_);
}

void PodDirectory::set_up_volumes(const Json& pod, const std::string& pod_ip, const Lookup& lookup) {
  for (const Json& volume : list_at(at_or_null(pod, "spec"), "volumes")) {
    const std::string name = string_at(volume, "name");
    if (volumes_.contains(name)) continue;
    try {
      volumes_[name] = make_volume(pod, volume, pod_ip, lookup);
    } catch (const std::exception& error) {
      throw MountError("MountVolume.SetUp failed for volume \"" + name + "\" : " + error.what());
    }
  }
}

std::string PodDirectory::make_volume(const Json& pod, const Json& volume, const std::string& pod_ip,
                                      const Lookup& lookup) {
  const std::string ns = string_at(at_or_null(pod, "metadata"), "namespace");
  const auto place = [&](const char* kind, const Json& source) {
    Writer out{root_ / "volumes" / kind / string_at(volume, "name"),
               static_cast<mode_t>(long_at(source, "defaultMode", 0644)), time_stamp()};
    make_dirs(out.dir);
    return out;
  };
  if (const Json& source = at_or_null(volume, "projected"); source.is_object()) {
    const Writer out = place("kubernetes.io~projected", source);
    for (const Json& part : list_at(source, "sources")) put_projected(out, part, pod, pod_ip, lookup);
    return out.dir;
  }
  if (const Json& source = at_or_null(volume, "configMap"); source.is_object()) {
    const Writer out = place("kubernetes.io~configmap", source);
    if (const auto data = lookup.config_map(ns, string_at(source, "name"), bool_at(source, "optional", false)))
      out.put_all(*data, source);
    return out.dir;
  }
  if (const Json& source = at_or_null(volume, "secret"); source.is_object()) {
    const Writer out = place("kubernetes.io~secret", source);
    if (const auto data = lookup.secret(ns, string_at(source, "secretName"), bool_at(source, "optional", false)))
      out.put_all(*data, source);
    return out.dir;
  }
  if (const Json& source = at_or_null(volume, "downwardAPI"); source.is_object()) {
    const Writer out = place("kubernetes.io~downward-api", source);
    put_downward(out, source, pod, pod_ip, lookup);
    return out.dir;
  }
  if (const Json& source = at_or_null(volume, "hostPath"); source.is_object()) return check_host_path(source);
  if (const Json& source = at_or_null(volume, "persistentVolumeClaim"); source.is_object()) {
    const std::string path = lookup.claim_directory(ns, string_at(source, "claimName"));
    make_dirs(path);
    return path;
  }
  return make_empty_dir(root_ / "volumes/kubernetes.io~empty-dir" / string_at(volume, "name"),
                        at_or_null(volume, "emptyDir"));
}

std::vector<Mount> PodDirectory::mounts_of(const Json& pod, const Json& container, const std::string& pod_ip,
                                           const std::string& hostname) {
  std::vector<Mount> mounts;
  bool own_hosts = false;
  for (const Json& mount : list_at(container, "volumeMounts")) {
    const std::string target = string_at(mount, "mountPath");
    fs::path source = volumes_[string_at(mount, "name")];
    if (const std::string sub = string_at(mount, "subPath"); !sub.empty()) {
      source /= sub;
      if (!fs::exists(source)) make_dirs(source);
    }
    own_hosts = own_hosts || target == "/etc/hosts";
    mounts.push_back({target, source, bool_at(mount, "readOnly", false)});
  }
  if (!own_hosts) {
    write_file(root_ / "etc-hosts", etc_hosts(pod, pod_ip, hostname));
    mounts.push_back({"/etc/hosts", root_ / "etc-hosts", false});
  }
  const fs::path log = termination_log(string_at(container, "name"));
  make_dirs(log.parent_path());
  write_file(log, "", 0666);
  mounts.push_back({string_at(container, "terminationMessagePath", "/dev/termination-log"), log, false});
  return mounts;
}

}  // namespace kubelet
