#include "runtime/cgroup.hpp"

#include <signal.h>
#include <sys/mount.h>

#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "base/files.hpp"

namespace kubelet {
namespace {

constexpr char kLegacyRoot[] = "/run/ms2m-lab/cgroup1";

void remove_group(const fs::path& top) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(top, error)) {
    if (entry.is_directory(error)) remove_group(entry.path());
  }
  // A group stays busy for a moment after its last process has been reaped.
  for (int i = 0; i < 50 && !fs::remove(top, error) && error; ++i) {
    if (!fs::exists(top)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

Cgroups::Cgroups() {
  unmount_legacy();  // of a kubelet that was here before
  std::istringstream lines(read_file("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) continue;
    std::string dir_name = controllers;
    for (char& c : dir_name) c = c == '=' || c == ',' ? '_' : c;
    const fs::path root = fs::path(kLegacyRoot) / dir_name;
    make_dirs(root);
    const std::string options = controllers.starts_with("name=") ? "none," + controllers : controllers;
    if (::mount("cgroup", root.c_str(), "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) == 0) {
      legacy_.push_back({"," + controllers + ",", root});
    }
  }
}

void Cgroups::unmount_legacy() const noexcept { unmount_below(kLegacyRoot); }

bool Cgroups::has_controller(const std::string& name) const {
  for (const auto& controller : split(trimmed(read_file("/sys/fs/cgroup/cgroup.controllers").value_or("")), ' ')) {
    if (controller == name) return true;
  }
  return false;
}

bool Cgroups::freeze(const std::string& group) const {
  if (!try_write(path(group) / "cgroup.freeze", "1")) return false;
  for (int i = 0; i < 1000; ++i) {
    if (read_file(path(group) / "cgroup.events").value_or("").find("frozen 1") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

void Cgroups::thaw(const std::string& group) const {
  try_write(path(group) / "cgroup.freeze", "0");
  for (const auto& hierarchy : legacy_) try_write(hierarchy.root / group.substr(1) / "freezer.state", "THAWED");
}

void Cgroups::thaw_forgotten() const {
  for (const auto& hierarchy : legacy_) {
    if (hierarchy.controllers.find(",freezer,") == std::string::npos) continue;
    std::error_code error;  // groups come and go: the rest of them has its turn the next time
    for (fs::recursive_directory_iterator at(hierarchy.root / "kubepods", error), end; !error && at != end;
         at.increment(error)) {
      const fs::path file = at->path();
      if (file.filename() != "freezer.state" || trimmed(read_file(file).value_or("")) != "FROZEN") continue;
      const std::string group = "/" + file.parent_path().lexically_relative(hierarchy.root).string();
      if (trimmed(read_file(path(group) / "cgroup.freeze").value_or("0")) != "1") try_write(file, "THAWED");
    }
  }
}

void Cgroups::limit(const std::string& group, int pid, long memory_bytes, long cpu_quota_us) const {
  for (const auto& hierarchy : legacy_) {
    const bool memory = memory_bytes > 0 && hierarchy.controllers.find(",memory,") != std::string::npos;
    const bool cpu = cpu_quota_us > 0 && hierarchy.controllers.find(",cpu,") != std::string::npos;
    if (!memory && !cpu) continue;
    const fs::path dir = hierarchy.root / group.substr(1);
    std::error_code error;
    fs::create_directories(dir, error);
    if (memory) try_write(dir / "memory.limit_in_bytes", std::to_string(memory_bytes));
    if (cpu) try_write(dir / "cpu.cfs_period_us", "100000");
    if (cpu) try_write(dir / "cpu.cfs_quota_us", std::to_string(cpu_quota_us));
    try_write(dir / "cgroup.procs", std::to_string(pid));
  }
}

bool Cgroups::out_of_memory(const std::string& group) const {
  const auto counted = [](const std::string& text) {
    const auto at = text.find("oom_kill ");
    return at != std::string::npos && text.compare(at, 10, "oom_kill 0") != 0;
  };
  if (counted(read_file(path(group) / "memory.events").value_or(""))) return true;
  for (const auto& hierarchy : legacy_) {
    if (hierarchy.controllers.find(",memory,") == std::string::npos) continue;
    if (counted(read_file(hierarchy.root / group.substr(1) / "memory.oom_control").value_or(""))) return true;
  }
  return false;
}

void Cgroups::kill(const std::string& group) const {
  if (try_write(path(group) / "cgroup.kill", "1")) thaw(group);
}

void Cgroups::remove(const std::string& group) const {
  if (fs::exists(path(group))) remove_group(path(group));
  for (const auto& hierarchy : legacy_) {
    if (fs::exists(hierarchy.root / group.substr(1))) remove_group(hierarchy.root / group.substr(1));
  }
}

}  // namespace kubelet
