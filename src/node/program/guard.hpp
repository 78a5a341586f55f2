// The program's side of the guard.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "ms2m/units.hpp"
#include "node/program/guard_process.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// Starts it: a process of its own session that has nothing of ours open but a socket, and that no signal to our group
/// reaches. Thread-safe.
class Guard {
 public:
  /// Before there is any other thread: it is forked. Error{failed}.
  Guard();
  /// end()
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  /// From now on `group` comes to `end` at `limit`, or `linger` after the program has ended, whatever is sooner, where
  /// it is ours then. Replaces what counted for `id` before. Error{failed}: there is no guard any more, and nothing may
  /// be frozen.
  void watch(const std::string& id, const ControlGroup& group, AtEnd end, std::optional<BootTime> limit,
             Millis linger = Millis{0});
  void dismiss(const std::string& id);
  /// What is watched for `id`, if anything, comes to its end after that process group has, which may be that of a dump:
  /// CRIU, at its end, freezes again what was frozen when it began.
  void end_after(const std::string& id, pid_t process_group);
  /// Everything that is watched is brought to its end, each after its `linger`. Returns when that is done, by ourselves
  /// if the guard has died.
  void end() noexcept;
  /// As which freezes are this session's.
  const Owner& owner() const noexcept { return owner_; }
  /// Readable when the guard has died.
  int fd() const noexcept { return socket_.get(); }

 private:
  void order(const GuardOrder& order);
  struct Watched {
    ControlGroup group;
    AtEnd end{};
    std::optional<BootTime> limit;
    Millis linger{0};
  };
  void watch_locked(const std::string& id, const Watched& watched, pid_t after);
  std::mutex mutex_;
  posix::UniqueFd socket_;
  Owner owner_;
  std::map<std::string, Watched> watched_;
};

}  // namespace ms2m::node
