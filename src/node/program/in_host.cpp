#include "node/program/in_host.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

namespace fs = std::filesystem;

const fs::path kGroups = "/sys/fs/cgroup";

bool write_to(const fs::path& file, std::string_view text) {
  const posix::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string because(const std::string& what) { return what + ": " + std::strerror(errno); }

/// One of the node's own, which whoever ends the container does not know. Version 2 has processes in leaves only.
std::string leave_control_group() {
  if (::access((kGroups / "cgroup.controllers").c_str(), F_OK) == 0) {
    const fs::path own = kGroups / "ms2m-agent";
    if (::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) return because("making control group " + own.string());
    if (!write_to(own / "cgroup.procs", "0")) return because("entering control group " + own.string());
    return "";
  }
  std::error_code error;
  for (fs::directory_iterator each(kGroups, error), end; !error && each != end; each.increment(error)) {
    const fs::path processes = each->path() / "cgroup.procs";
    if (::access(processes.c_str(), F_OK) == 0 && !write_to(processes, "0"))
      return because("entering control group " + each->path().string());
  }
  return error ? "reading " + kGroups.string() + ": " + error.message() : "";
}

std::optional<struct stat> identity(const char* path) {
  struct stat it {};
  return ::stat(path, &it) == 0 ? std::optional(it) : std::nullopt;
}

}  // namespace

std::string enter_host() {
  const auto ours = identity("/proc/self/ns/mnt"), theirs = identity("/proc/1/ns/mnt");
  if (!theirs) return because("looking at the node's first process");
  if (ours && ours->st_ino == theirs->st_ino && ours->st_dev == theirs->st_dev)
    return "the node's first process is not seen here: the pod needs hostPID";
  struct Space {
    const char* path;
    int type;
    posix::UniqueFd fd{};
  };
  // All of them first: behind the last there is another /proc.
  std::array<Space, 5> spaces{{{"/proc/1/ns/net", CLONE_NEWNET},
                               {"/proc/1/ns/ipc", CLONE_NEWIPC},
                               {"/proc/1/ns/uts", CLONE_NEWUTS},
                               {"/proc/1/ns/cgroup", CLONE_NEWCGROUP},
                               {"/proc/1/ns/mnt", CLONE_NEWNS}}};
  for (Space& space : spaces) {
    space.fd = posix::UniqueFd(::open(space.path, O_RDONLY | O_CLOEXEC));
    if (!space.fd) return because(std::string("opening ") + space.path);
  }
  for (const Space& space : spaces)
    if (::setns(space.fd.get(), space.type) != 0) return because(std::string("entering ") + space.path);
  // A container's is to be ended first when memory is short; this one holds what others wait for.
  write_to("/proc/self/oom_score_adj", "0");
  return leave_control_group();
}

}  // namespace ms2m::node
