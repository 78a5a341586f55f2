// Sessions with this machine as a node, by an sshd of the test's own.
#pragma once
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "node/private_sshd.hpp"
#include "node/session/adapters.hpp"
#include "node/session/ssh_nodes.hpp"
#include "support/archive_name.hpp"
#include "support/error_of.hpp"

namespace ms2m::test {

struct SessionLab {
  explicit SessionLab(const std::vector<std::string>& environment = {}) : sshd(environment) {
    std::filesystem::create_directory(checkpoints);
  }

  NodeSettings settings() const {
    NodeSettings settings;
    settings.ssh = sshd.options();
    settings.places = {(dir.path() / "installed").string(), (dir.path() / "cache").string()};
    return settings;
  }
  /// The processes that run the program from this test's own cache.
  std::vector<int> programs() const {
    std::vector<int> found;
    for (const int pid : processes_with(""))
      if (std::error_code gone; std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone)
                                    .string()
                                    .starts_with(dir.path().string()))
        found.push_back(pid);
    return found;
  }
  /// Those of them that have the file open.
  std::vector<int> programs_with(const std::string& file) const {
    std::vector<int> found;
    for (const int pid : programs())
      for (std::error_code gone; const auto& fd : std::filesystem::directory_iterator(
               std::filesystem::path("/proc") / std::to_string(pid) / "fd", gone))
        if (std::filesystem::read_symlink(fd.path(), gone) == file) {
          found.push_back(pid);
          break;
        }
    return found;
  }
  void kill_programs(int signal) const {
    for (const int pid : programs()) ::kill(pid, signal);
  }

  PrivateSshd sshd;
  posix::TempDir dir;
  std::string checkpoints = (dir.path() / "checkpoints").string();
};

}  // namespace ms2m::test
