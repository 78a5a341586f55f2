#include "crio/checkpoint.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/process.hpp"

namespace kubelet {
namespace {

constexpr char kLogPathFile[] = "io.kubernetes.cri-o.LogPath";

class Frozen {
 public:
  Frozen(Cgroups& cgroups, std::string group) : cgroups_(cgroups), group_(std::move(group)) {
    if (!cgroups_.freeze(group_)) throw CrioError("failed to pause container before checkpointing");
  }
  ~Frozen() { cgroups_.thaw(group_); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  Cgroups& cgroups_;
  std::string group_;
};

std::string joined(const std::vector<std::string>& words, const char* open, const char* between, const char* close) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : std::string(between)) + open + word + close;
  return out;
}

// As CRI-O words a failure of crun: the command as it was called, then as it was run.
std::string crun_failure(const CrioContainer& container, const std::vector<std::string>& arguments,
                         const std::string& said) {
  return "failed to checkpoint container " + container.id() + ": running \"" + container.oci().path + "\" [" +
         joined(arguments, "\"", " ", "\"") + "] failed: `" + joined(container.oci().call(arguments), "", " ", "") +
         "` failed: " + said + " : exit status 1";
}

std::vector<std::string> crun_arguments(const CrioContainer& container) {
  const fs::path dir = container.user_data();
  return {"checkpoint", "--file-locks",    "--image-path", dir / "checkpoint", "--work-path",
          dir,          "--leave-running", container.id()};
}

void dump_processes(const CrioContainer& container) {
  if (::access("/usr/sbin/criu", X_OK) != 0 && ::access("/usr/bin/criu", X_OK) != 0) {
    throw CrioError(
        "failed to checkpoint container " + container.id() +
        ": check for CRIU failed to check for criu version: exec: \"criu\": executable file not found in $PATH");
  }
  remove_tree(container.user_data() / "checkpoint");
  const auto arguments = crun_arguments(container);
  const ProcessResult result = run_process(container.oci().call(arguments));
  if (!result.ok()) throw CrioError(crun_failure(container, arguments, result.err));
}

bool is_whiteout(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

void write_root_fs_diff(const CrioContainer& container) {
  const fs::path dir = container.user_data();
  Json deleted = Json::array();
  std::vector<std::string> argv = {"tar", "-C", container.upper(), "--no-wildcards", "--anchored"};
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(container.upper(), error)) {
    if (!is_whiteout(entry.path())) continue;
    const std::string name = fs::relative(entry.path(), container.upper());
    deleted.push_back("/" + name);
    argv.push_back("--exclude=./" + name);
  }
  argv.insert(argv.end(), {"-cf", dir / "rootfs-diff.tar", "."});
  if (const auto result = run_process(argv); !result.ok()) {
    throw CrioError("failed to write file system changes of container " + container.id() + ": " + trimmed(result.err));
  }
  remove_tree(dir / "deleted.files");
  if (!deleted.empty()) write_file(dir / "deleted.files", deleted.dump(), 0600);
}

// config.json with the mount points as the pod's spec names them: a restore compares those.
Json dumped_spec(const CrioContainer& container) {
  Json spec = Json::parse(read_file(container.bundle() / "config.json").value_or("{}"), nullptr, false);
  for (Json& entry : spec["mounts"]) {
    for (const Mount& mount : container.plan().mounts) {
      if (resolve_in_root(container.rootfs(), mount.destination) == entry["destination"])
        entry["destination"] = mount.destination;
    }
  }
  return spec;
}

void write_descriptions(const CrioContainer& container, const Json& spec) {
  const fs::path dir = container.user_data();
  const Image& image = container.plan().image;
  const Json& meta = at_or_null(container.plan().pod, "metadata");
  const std::string name = "k8s_" + string_at(container.plan().container, "name") + "_" + string_at(meta, "name") +
                           "_" + string_at(meta, "namespace") + "_" + string_at(meta, "uid") + "_" +
                           std::to_string(container.plan().restart_count);
  const Json config = {{"id", container.id()},
                       {"name", name},
                       {"rootfsImage", image.names.empty() ? image.id : image.names.front()},
                       {"rootfsImageRef", image.id},
                       {"rootfsImageName", image.names.empty() ? "" : image.names.front()},
                       {"runtime", "crun"},
                       {"createdTime", rfc3339_nano(container.created_at())},
                       {"checkpointedTime", rfc3339_nano(wall_now())},
                       {"restoredTime", "0001-01-01T00:00:00Z"},
                       {"restored", container.restored()}};
  Json binds = Json::array();
  for (const Json& mount : list_at(spec, "mounts")) {
    if (string_at(mount, "type") != "bind") continue;
    const fs::path source = string_at(mount, "source");
    struct stat info {};
    if (::stat(source.c_str(), &info) != 0) continue;
    binds.push_back({{"source", source},
                     {"destination", mount["destination"]},
                     {"file_type", S_ISDIR(info.st_mode) ? "directory" : "regular-file"},
                     {"permissions", info.st_mode & 07777}});
  }
  write_file(dir / "config.dump", config.dump(1), 0600);
  write_file(dir / "spec.dump", spec.dump(1), 0600);
  write_file(dir / "bind.mounts", binds.dump(1), 0600);
  write_file(dir / kLogPathFile, read_file(container.plan().log_path).value_or(""), 0600);
}

// CRI-O opens the archive without truncating it: a second one of the same name overwrites the first in place.
void write_archive(const CrioContainer& container, const fs::path& target, const Faults& faults) {
  const std::string failed =
      "failed to write file system changes of container " + container.id() + ": write " + target.string() + ": ";
  const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    throw CrioError("error exporting checkpoint of container " + container.id() + ": open " + target.string());
  if (faults.flag("disk_full")) {
    const std::string cut(10240, '\0');
    const bool written = ::write(fd, cut.data(), cut.size()) > 0;
    ::close(fd);
    throw CrioError(failed + (written ? "no space left on device" : "input/output error"));
  }
  ProcessSpec spec;
  spec.argv = {
      "tar",      "-C",         container.user_data(), "-cf",       "-",           "--sort=none",     "stats-dump",
      "dump.log", "checkpoint", "config.dump",         "spec.dump", "bind.mounts", "rootfs-diff.tar", kLogPathFile};
  if (fs::exists(container.user_data() / "deleted.files")) spec.argv.push_back("deleted.files");
  spec.stdout_fd = fd;
  const ProcessResult result = run_process(spec);
  ::close(fd);
  if (!result.ok()) {
    throw CrioError(failed + (result.err.find("No space left") != std::string::npos ? "no space left on device"
                                                                                    : trimmed(result.err)));
  }
}

void remove_working_files(const CrioContainer& container) {
  const fs::path dir = container.user_data();
  for (const char* name :
       {"checkpoint", "rootfs-diff.tar", "deleted.files", "config.dump", "spec.dump", "bind.mounts", kLogPathFile}) {
    remove_tree(dir / name);
  }
}

}  // namespace

void checkpoint_container(CrioContainer& container, const fs::path& target, Cgroups& cgroups, const Faults& faults) {
  std::unique_lock lock(container.checkpoint_mutex(), std::try_to_lock);
  if (!lock.owns_lock()) {
    lock.lock();  // both end at about the same time, and the later one has nothing
    throw CrioError(
        crun_failure(container, crun_arguments(container), "CRIU checkpointing failed: -52: Invalid exchange\n"));
  }
  const Frozen frozen(cgroups, container.cgroup());
  if (const long delay = faults.number("checkpoint_delay_ms"); delay > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
  if (const std::string fault = faults.text("checkpoint_fail"); !fault.empty()) {
    throw CrioError(crun_failure(container, crun_arguments(container), fault));
  }
  const Json spec = dumped_spec(container);
  try {
    dump_processes(container);
    write_root_fs_diff(container);
    write_descriptions(container, spec);
    write_archive(container, target, faults);
  } catch (const CrioError&) {
    remove_working_files(container);
    throw;
  } catch (const std::exception& error) {
    remove_working_files(container);
    throw CrioError(error.what());
  }
  remove_working_files(container);
}

}  // namespace kubelet
