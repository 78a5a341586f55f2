#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace kubelet {

// The node's control groups. Version 2 is what the node sees at /sys/fs/cgroup. Where the machine still keeps
// controllers in version 1 hierarchies, which nodes do not mount, CRIU nevertheless puts restored processes into groups
// of the same name there, frozen as the dumped ones were: those hierarchies are mounted privately to thaw, limit and
// remove them.
class Cgroups {
 public:
  Cgroups();
  Cgroups(const Cgroups&) = delete;
  Cgroups& operator=(const Cgroups&) = delete;

  void unmount_legacy() const noexcept;

  bool has_controller(const std::string& name) const;  // in version 2
  // Freezes and waits until it is so; false when it is not frozen after a second.
  bool freeze(const std::string& group) const;
  void thaw(const std::string& group) const;
  // In version 1, what is not frozen in version 2: of a restore that nobody finished. A frozen process cannot be
  // killed.
  void thaw_forgotten() const;
  // Limits in version 1, for a process that has just been made; no effect where version 2 has the controllers.
  void limit(const std::string& group, int pid, long memory_bytes, long cpu_quota_us) const;
  bool out_of_memory(const std::string& group) const;
  void kill(const std::string& group) const;
  // Removes the group and those below it, everywhere.
  void remove(const std::string& group) const;
  static std::filesystem::path path(const std::string& group) { return "/sys/fs/cgroup" + group; }

 private:
  struct Legacy {
    std::string controllers;
    std::filesystem::path root;
  };
  std::vector<Legacy> legacy_;
};

}  // namespace kubelet
