#include "crio/spec.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/expand.hpp"
#include "base/files.hpp"

namespace kubelet {
namespace {

const std::vector<std::string>& default_capabilities() {
  static const std::vector<std::string> kNames = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FSETID",
                                                  "CAP_FOWNER",  "CAP_SETGID",           "CAP_SETUID",
                                                  "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_KILL"};
  return kNames;
}

const std::vector<std::string>& all_capabilities() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names = default_capabilities();
    for (const char* name : {"SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE",
                             "SETFCAP", "SYS_NICE", "IPC_LOCK", "SYS_TIME", "DAC_READ_SEARCH"}) {
      names.push_back(std::string("CAP_") + name);
    }
    return names;
  }();
  return kNames;
}

std::vector<std::string> capabilities(const Json& security) {
  if (bool_at(security, "privileged", false)) return all_capabilities();
  std::vector<std::string> names = default_capabilities();
  const Json& wanted = at_or_null(security, "capabilities");
  for (const Json& drop : list_at(wanted, "drop")) {
    if (drop == "ALL") names.clear();
    std::erase(names, "CAP_" + drop.get<std::string>());
  }
  for (const Json& add : list_at(wanted, "add")) {
    if (add == "ALL") return all_capabilities();
    names.push_back("CAP_" + add.get<std::string>());
  }
  return names;
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list) out.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  return out;
}

std::vector<std::string> arguments(const ContainerPlan& plan) {
  const Json& image = at_or_null(plan.image.config, "config");
  const Json& command = list_at(plan.container, "command");
  const Json& args = list_at(plan.container, "args");
  std::vector<std::string> words = strings(command.empty() ? list_at(image, "Entrypoint") : command);
  // A command in the pod's spec also replaces the image's arguments.
  for (const auto& word : strings(!args.empty() || !command.empty() ? args : list_at(image, "Cmd")))
    words.push_back(word);
  for (auto& word : words) word = expanded(word, plan.env);
  return words;
}

std::vector<std::string> environment(const ContainerPlan& plan) {
  std::vector<std::string> out = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                  "HOSTNAME=" + plan.sandbox->hostname()};
  const auto set = [&](const std::string& name, const std::string& entry) {
    std::erase_if(out, [&](const std::string& e) { return e.starts_with(name + "="); });
    out.push_back(entry);
  };
  for (const auto& entry : strings(list_at(at_or_null(plan.image.config, "config"), "Env"))) {
    set(entry.substr(0, entry.find('=')), entry);
  }
  for (const auto& [name, value] : plan.env) set(name, name + "=" + value);
  return out;
}

Json bind_entry(const std::string& source, const std::string& destination, bool read_only) {
  return {{"destination", destination},
          {"type", "bind"},
          {"source", source},
          {"options", {"rbind", "rprivate", read_only ? "ro" : "rw"}}};
}

Json mounts(const ContainerPlan& plan, const SpecPlace& place, bool privileged) {
  const CrioSandbox& sandbox = *place.sandbox;
  const char* sys = privileged ? "rw" : "ro";
  Json list = {
      {{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}, {"options", {"nosuid", "noexec", "nodev"}}},
      {{"destination", "/dev"},
       {"type", "tmpfs"},
       {"source", "tmpfs"},
       {"options", {"nosuid", "strictatime", "mode=755", "size=65536k"}}},
      {{"destination", "/dev/pts"},
       {"type", "devpts"},
       {"source", "devpts"},
       {"options", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}}},
      {{"destination", "/dev/mqueue"},
       {"type", "mqueue"},
       {"source", "mqueue"},
       {"options", {"nosuid", "noexec", "nodev"}}},
      {{"destination", "/sys"},
       {"type", "sysfs"},
       {"source", "sysfs"},
       {"options", {"nosuid", "noexec", "nodev", sys}}},
      {{"destination", "/sys/fs/cgroup"},
       {"type", "cgroup"},
       {"source", "cgroup"},
       {"options", {"nosuid", "noexec", "nodev", "relatime", sys}}}};
  list.push_back(bind_entry(sandbox.file("shm"), "/dev/shm", false));
  list.push_back(bind_entry(sandbox.file("resolv.conf"), "/etc/resolv.conf", false));
  list.push_back(bind_entry(sandbox.file("hostname"), "/etc/hostname", false));
  for (const Mount& mount : plan.mounts) {
    if (place.only_destinations && !place.only_destinations->contains(mount.destination)) continue;
    // CRIU knows mounts by the place where they really are: /var/run/secrets is in /run in most images.
    list.push_back(bind_entry(mount.source, resolve_in_root(place.rootfs, mount.destination), mount.read_only));
  }
  return list;
}

Json namespaces(const CrioSandbox& sandbox, bool host_pid) {
  Json list = {{{"type", "mount"}}, {{"type", "cgroup"}}, {{"type", "ipc"}, {"path", sandbox.file("ipc")}}};
  if (!host_pid) list.push_back({{"type", "pid"}});
  if (!sandbox.host_network()) {
    list.push_back({{"type", "network"}, {"path", sandbox.file("net")}});
    list.push_back({{"type", "uts"}, {"path", sandbox.file("uts")}});
  }
  return list;
}

Json resources(const ContainerPlan& plan, const SpecPlace& place) {
  Json out = {{"devices", {{{"allow", false}, {"access", "rwm"}}}}};
  if (!place.limits) return out;
  if (plan.resources.memory_bytes > 0) out["memory"] = {{"limit", plan.resources.memory_bytes}};
  out["cpu"] = {{"shares", plan.resources.cpu_shares}, {"period", 100000}};
  if (plan.resources.cpu_quota_us > 0) out["cpu"]["quota"] = plan.resources.cpu_quota_us;
  return out;
}

// The pod's own as they are; over them those that CRI-O itself reads again at a restore, or that people look at.
Json annotations(const ContainerPlan& plan, const SpecPlace& place) {
  const Json& meta = at_or_null(plan.pod, "metadata");
  const std::string count = std::to_string(plan.restart_count);
  const std::string name = string_at(plan.container, "name");
  const Json kubelet = {{"io.kubernetes.container.restartCount", count},
                        {"io.kubernetes.container.terminationMessagePath", "/dev/termination-log"},
                        {"io.kubernetes.container.terminationMessagePolicy", "File"}};
  const Json labels = {{"io.kubernetes.container.name", name},
                       {"io.kubernetes.pod.name", string_at(meta, "name")},
                       {"io.kubernetes.pod.namespace", string_at(meta, "namespace")},
                       {"io.kubernetes.pod.uid", string_at(meta, "uid")}};
  Json all = at_or_null(meta, "annotations");
  if (!all.is_object()) all = Json::object();
  all.update({{"io.container.manager", "cri-o"},
              {"io.kubernetes.container.name", name},
              {"io.kubernetes.container.restartCount", count},
              {"io.kubernetes.cri-o.Annotations", kubelet.dump()},
              {"io.kubernetes.cri-o.ContainerID", place.id},
              {"io.kubernetes.cri-o.ContainerType", "container"},
              {"io.kubernetes.cri-o.Created", rfc3339_nano(wall_now())},
              {"io.kubernetes.cri-o.ImageName", plan.image.names.empty() ? plan.image.id : plan.image.names.front()},
              {"io.kubernetes.cri-o.ImageRef", plan.image.id},
              {"io.kubernetes.cri-o.Labels", labels.dump()},
              {"io.kubernetes.cri-o.LogPath", plan.log_path},
              {"io.kubernetes.cri-o.Metadata", Json({{"name", name}, {"attempt", plan.restart_count}}).dump()},
              {"io.kubernetes.pod.name", string_at(meta, "name")},
              {"io.kubernetes.pod.namespace", string_at(meta, "namespace")},
              {"io.kubernetes.pod.uid", string_at(meta, "uid")}});
  return all;
}

// "name:password:uid:gid" or "name:password:gid": the numbers of a name.
std::optional<std::vector<std::string>> account(const fs::path& file, const std::string& name) {
  for (const auto& line : split(read_file(file).value_or(""), '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 2 && fields[0] == name) return fields;
  }
  return std::nullopt;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

const std::set<std::string>& own_mount_points() {
  static const std::set<std::string> kPoints = {
      "/proc",         "/dev",           "/dev/pts",          "/dev/mqueue",
      "/sys",          "/sys/fs/cgroup", "/dev/shm",          "/etc/resolv.conf",
      "/etc/hostname", "/run/secrets",   "/run/.containerenv"};
  return kPoints;
}

User user_of(const ContainerPlan& plan, const fs::path& rootfs) {
  const Json& pod = at_or_null(at_or_null(plan.pod, "spec"), "securityContext");
  const Json& own = at_or_null(plan.container, "securityContext");
  User user;
  const std::string image_user = string_at(at_or_null(plan.image.config, "config"), "User");
  const std::string name = image_user.substr(0, image_user.find(':'));
  if (is_number(name)) {
    user.uid = static_cast<unsigned>(std::stoul(name));
  } else if (!name.empty()) {
    const auto fields = account(rootfs / "etc/passwd", name);
    if (!fields || fields->size() < 4)
      throw ContainerError("CreateContainerError",
                           "unable to find user " + name + ": no matching entries in passwd file");
    user.uid = static_cast<unsigned>(std::stoul((*fields)[2]));
    user.gid = static_cast<unsigned>(std::stoul((*fields)[3]));
  }
  if (const auto colon = image_user.find(':'); colon != std::string::npos && is_number(image_user.substr(colon + 1))) {
    user.gid = static_cast<unsigned>(std::stoul(image_user.substr(colon + 1)));
  }
  user.uid = static_cast<unsigned>(long_at(own, "runAsUser", long_at(pod, "runAsUser", user.uid)));
  user.gid = static_cast<unsigned>(long_at(own, "runAsGroup", long_at(pod, "runAsGroup", user.gid)));
  user.groups = {user.gid};
  for (const Json& group : list_at(pod, "supplementalGroups")) user.groups.push_back(group.get<unsigned>());
  if (const long group = long_at(pod, "fsGroup", -1); group >= 0) user.groups.push_back(static_cast<unsigned>(group));
  if (user.uid == 0 && bool_at(own, "runAsNonRoot", bool_at(pod, "runAsNonRoot", false))) {
    throw ContainerError("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
  }
  return user;
}

Json make_spec(const ContainerPlan& plan, const SpecPlace& place) {
  const Json& security = at_or_null(plan.container, "securityContext");
  const bool privileged = bool_at(security, "privileged", false);
  std::vector<std::string> args = arguments(plan);
  if (args.empty()) {
    if (!place.only_destinations) throw ContainerError("CreateContainerError", "no command specified");
    args = {"/restored"};
  }
  const User user = user_of(plan, place.rootfs);
  const auto caps = capabilities(security);
  const std::string directory = string_at(at_or_null(plan.image.config, "config"), "WorkingDir");
  Json process = {{"terminal", false},
                  {"user", {{"uid", user.uid}, {"gid", user.gid}, {"additionalGids", user.groups}}},
                  {"args", args},
                  {"env", environment(plan)},
                  {"cwd", string_at(plan.container, "workingDir", directory.empty() ? "/" : directory)},
                  {"capabilities", {{"bounding", caps}, {"effective", caps}, {"permitted", caps}}},
                  {"noNewPrivileges", !bool_at(security, "allowPrivilegeEscalation", true)},
                  {"oomScoreAdj", plan.resources.oom_score_adj}};
  const bool host_pid = bool_at(at_or_null(plan.pod, "spec"), "hostPID", false);
  Json linux_part = {{"cgroupsPath", place.cgroup},
                     {"namespaces", namespaces(*place.sandbox, host_pid)},
                     {"resources", resources(plan, place)}};
  if (!privileged) {
    linux_part["maskedPaths"] = {"/proc/acpi",          "/proc/kcore",      "/proc/keys",
                                 "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                                 "/proc/sched_debug",   "/proc/scsi",       "/sys/firmware"};
    linux_part["readonlyPaths"] = {"/proc/asound", "/proc/bus", "/proc/fs",
                                   "/proc/irq",    "/proc/sys", "/proc/sysrq-trigger"};
  }
  Json spec = {{"ociVersion", "1.2.0"},
               {"process", process},
               {"root", {{"path", place.rootfs}, {"readonly", bool_at(security, "readOnlyRootFilesystem", false)}}},
               {"mounts", mounts(plan, place, privileged)},
               {"annotations", annotations(plan, place)},
               {"linux", linux_part}};
  if (!plan.sandbox->host_network()) spec["hostname"] = plan.sandbox->hostname();
  return spec;
}

}  // namespace kubelet
