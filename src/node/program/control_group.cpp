#include "node/program/control_group.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <compare>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr Millis kLook{20};  // version 1 tells nobody that something has changed
constexpr int kMostDepth = 64;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// Directories below `path` and itself, parents first.
void walk(const std::string& path, const std::function<void(const std::string& path, const std::string& name)>& visit,
          int depth = 0) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(path.c_str()), ::closedir);
  if (!entries && errno != ENOENT && errno != ENODEV)
    throw Error(ErrorKind::failed, path + ": " + std::generic_category().message(errno));
  if (!entries || depth > kMostDepth) return;  // it has gone meanwhile
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    const std::string inner = path + "/" + name;
    visit(inner, name);
    walk(inner, visit, depth + 1);
  }
}

std::vector<int> processes(const ControlGroup& group) {
  std::vector<int> all;
  const auto read = [&](const std::string& path, const std::string&) {
    const std::string text = read_text(path + "/cgroup.procs").value_or("");
    for (const char *at = text.data(), *end = at + text.size(); at < end;) {
      int pid = 0;
      const auto [next, error] = std::from_chars(at, end, pid);
      if (error == std::errc{}) all.push_back(pid);
      at = std::max(next, at) + 1;
    }
  };
  read(group.path, "");
  walk(group.path, read);
  return all;
}

/// Waits until `done`, looking again whenever the kernel says that the group's events changed.
bool await(const ControlGroup& group, const StopToken& stop, const std::string& doing,
           const std::function<bool()>& done) {
  const posix::UniqueFd changes(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (changes) ::inotify_add_watch(changes.get(), (group.path + "/cgroup.events").c_str(), IN_MODIFY);
  const TimePoint end = Clock::now() + kPatience;
  while (!done()) {
    if (Clock::now() >= end) return false;
    std::array<pollfd, 2> fds{pollfd{changes.get(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(kLook).count()));
    stop.check(doing);
    std::array<char, 4096> drained;
    while (changes && ::read(changes.get(), drained.data(), drained.size()) > 0) continue;
  }
  return true;
}

bool write_to(const std::string& path, const std::string& text) {
  const posix::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool is_frozen(const ControlGroup& group) {
  if (group.version == 1) return read_text(group.path + "/freezer.state").value_or("") == "FROZEN\n";
  const std::string events = "\n" + read_text(group.path + "/cgroup.events").value_or("");
  return events.find("\nfrozen 1\n") != std::string::npos;
}

/// "crio-<id>.scope", "libpod-conmon-<id>", "<id>": what is below it may have been made by that container.
bool is_containers(std::string_view name) {
  if (name.ends_with(".scope")) name.remove_suffix(6);
  return is_sha256(std::string(name.substr(name.rfind('-') + 1)));
}

/// How far a group of the right name is from being the container's: the least is. First, how many containers it is
/// below; then whether it is elsewhere than where kubelets and runtimes put them.
struct Distance {
  int containers = 0;
  bool elsewhere = true, older = false;
  auto operator<=>(const Distance&) const = default;
};
Distance distance_of(const std::string& root, const ControlGroup& group) {
  Distance distance;
  distance.older = group.version == 1;
  for (auto at = root.size() + 1, end = group.path.rfind('/'); at < end;) {
    const auto next = std::min(group.path.find('/', at), end);
    const auto step = std::string_view(group.path).substr(at, next - at);
    if (is_containers(step)) ++distance.containers;
    if (step.starts_with("kubepods") || step.starts_with("machine")) distance.elsewhere = false;
    at = next + 1;
  }
  return distance;
}

void signal_all(const ControlGroup& group) {
  for (const int pid : processes(group))
    if (pid > 0) ::kill(pid, SIGKILL);
}

}  // namespace

bool has_processes(const ControlGroup& group) { return !processes(group).empty(); }

std::optional<ControlGroup> find_control_group(const std::string& root, const std::string& id) {
  const std::vector<std::string> names = control_group_names(id);
  if (!exists(root)) throw Error(ErrorKind::failed, "there are no control groups below " + root);
  std::optional<ControlGroup> found;
  Distance nearest;
  walk(root, [&](const std::string& path, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return;
    for (const auto& [version, file] : {std::pair{2, "/cgroup.freeze"}, std::pair{1, "/freezer.state"}}) {
      const ControlGroup group{path, version};
      if (!exists(path + file)) continue;
      const Distance distance = distance_of(root, group);
      if ((found && nearest <= distance) || !has_processes(group)) continue;
      found = group;
      nearest = distance;
    }
  });
  return found;
}

ControlGroup group_of_runtime(const ControlGroup& whole, const std::string& of_runtime) {
  const std::string name = whole.path.substr(whole.path.rfind('/')) + "/";
  const auto at = of_runtime.find(name);
  const std::string rest = at == std::string::npos ? "" : of_runtime.substr(at + name.size() - 1);
  if (rest.find_first_not_of('/') == std::string::npos) return whole;
  const ControlGroup below{whole.path + rest, whole.version};
  return exists(below.path + (whole.version == 2 ? "/cgroup.freeze" : "/freezer.state")) ? below : whole;
}

bool write_frozen(const ControlGroup& group, bool frozen) {
  if (group.version == 2) return write_to(group.path + "/cgroup.freeze", frozen ? "1\n" : "0\n");
  return write_to(group.path + "/freezer.state", frozen ? "FROZEN\n" : "THAWED\n");
}

bool is_kept_frozen(const ControlGroup& group) {
  if (group.version == 2) return read_text(group.path + "/cgroup.freeze").value_or("") == "1\n";
  return read_text(group.path + "/freezer.state").value_or("THAWED\n") != "THAWED\n";
}

bool await_frozen(const ControlGroup& group, const StopToken& stop, const std::function<void()>& again) {
  return await(group, stop, "waiting until its processes stop", [&] {
    if (is_frozen(group)) return true;
    // Version 1 may miss a process that is forked just then, and stays in between until it is told again.
    if (group.version == 1 && read_text(group.path + "/freezer.state").value_or("") == "FREEZING\n") again();
    return false;
  });
}

bool kill_processes(const ControlGroup& group, const StopToken& stop) {
  const std::string doing = "waiting until its processes end";
  const auto gone = [&] { return !has_processes(group); };
  if (group.version == 2 && write_to(group.path + "/cgroup.kill", "1\n")) {
    if (await(group, stop, doing, gone)) return true;
  }
  if (write_frozen(group, true)) await_frozen(group, stop, [&] { write_frozen(group, true); });
  signal_all(group);
  write_frozen(group, false);
  return await(group, stop, doing, [&] {
    signal_all(group);
    return gone();
  });
}

bool end_now(const ControlGroup& group, AtEnd end) noexcept {
  try {
    if (end == AtEnd::stay) return true;
    if (end == AtEnd::thaw) return write_frozen(group, false) || !exists(group.path);
    if (!has_processes(group)) return true;
    if (group.version != 2 || !write_to(group.path + "/cgroup.kill", "1\n")) {
      write_frozen(group, true);
      signal_all(group);
      write_frozen(group, false);
    }
    return !has_processes(group);
  } catch (const std::exception&) {  // no memory: another time
    return false;
  }
}

}  // namespace ms2m::node
