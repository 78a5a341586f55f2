// Containers as the program meets them: control groups of this machine with a process each, or ordinary files.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <sstream>

#include "session.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

namespace fs = std::filesystem;

/// Another one in each process: the real program, in whose session another test dumps its container, looks for it below
/// all of this machine's control groups.
inline const std::string kId = fmt::format("{}{:08x}", std::string(56, 'a'), ::getpid());

/// Where this machine lets us make control groups: a version 2 tree, and version 1's freezer.
class Trees {
 public:
  Trees() {
    for (const char* tree : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/freezer"}) {
      const fs::path own = fs::path(tree) / ("ms2m-node-test-" + std::to_string(::getpid()));
      std::error_code error;
      if (!fs::create_directory(own, error)) continue;
      if (fs::exists(own / "cgroup.freeze") || fs::exists(own / "freezer.state"))
        found.push_back(own);
      else
        fs::remove(own, error);
    }
    // Without a tree of our own (not root, or a read-only /sys/fs/cgroup) there is nothing real to try this on.
    REQUIRE((::geteuid() != 0 || !found.empty()));
  }
  ~Trees() {
    std::error_code error;
    for (const fs::path& tree : found) fs::remove(tree, error);
  }
  std::vector<fs::path> found;
};

/// A process that counts in a file, in a control group of its own.
class Container {
 public:
  Container(const fs::path& tree, const std::string& group, const std::string& inner = "",
            const std::string& beside = "")
      : top_(tree / group), path_(inner.empty() ? top_ : top_ / inner) {
    fs::create_directories(path_);
    counter_ = fs::temp_directory_path() / ("ms2m-node-counter-" + std::to_string(::getpid()) + group.substr(0, 12));
    fs::remove(counter_);
    pid_ = ::fork();
    if (pid_ == 0) {
      const std::string count = "echo $$ >" + path_.string() + "/cgroup.procs; " + beside +
                                " n=0; while :; do n=$((n+1)); echo $n >" + counter_.string() + "; sleep 0.01; done";
      ::execlp("sh", "sh", "-c", count.c_str(), nullptr);
      ::_exit(127);
    }
    becomes_true([&] { return !content(counter_).empty(); });
  }
  ~Container() {
    ::kill(pid_, SIGKILL);
    for (const char* file : {"cgroup.freeze", "freezer.state"})
      if (fs::exists(top_ / file)) put(top_ / file, std::string(file) == "cgroup.freeze" ? "0" : "THAWED");
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
    becomes_true([&] {
      std::error_code error;
      std::istringstream left(content(path_ / "cgroup.procs"));
      for (pid_t each; left >> each;) ::kill(each, SIGKILL);
      if (path_ != top_) fs::remove(path_, error);
      fs::remove(top_, error);
      return !fs::exists(top_);
    });
    fs::remove(counter_);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  pid_t pid() const { return pid_; }
  /// It runs. Waited for: a busy machine may not come to it for a while.
  bool counts(Millis within = std::chrono::seconds(60)) const {
    const std::string before = content(counter_);
    return becomes_true([&] { return content(counter_) != before; }, within);
  }
  /// It does nothing for so long.
  bool stands(Millis time = Millis{300}) const { return !counts(time); }
  /// The test is its parent: it has to be reaped by us.
  bool ended(Millis within = std::chrono::seconds(60)) {
    return becomes_true([&] { return reaped_ || (reaped_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_); }, within);
  }

 private:
  fs::path top_, path_, counter_;
  pid_t pid_ = -1;
  bool reaped_ = false;
};

inline std::vector<std::string> program_on(const Place& place, const fs::path& tree) {
  auto argv = place.program();
  argv[2] = tree.string();
  return argv;
}

/// Its files are ordinary ones.
struct FakeGroup {
  explicit FakeGroup(const std::string& cgroups) : path(cgroups + "/kubepods.slice/crio-" + kId + ".scope") {
    put(path + "/cgroup.procs", "0\n");
    put(path + "/cgroup.freeze", "0\n");
    put(path + "/cgroup.events", "populated 1\nfrozen 1\n");
  }
  std::string state() const { return content(path + "/cgroup.freeze"); }
  std::string path;
};

inline node::Freeze freeze(std::optional<std::uint64_t> limit_ms, AtEnd end) { return {kId, limit_ms, end, false}; }

}  // namespace ms2m::test
