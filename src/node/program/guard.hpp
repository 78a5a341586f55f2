// The program's side of the guard.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <set>
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

  struct Terms {
    AtEnd end{};
    std::optional<BootTime> limit{};
    Millis linger{0};          ///< after the program has ended
    bool while_awake = false;  ///< no longer than awake() is called (kGuardSilence)
  };
  /// From now on `group` comes to its end by `terms`, whichever is over first, where it is ours then. Replaces what
  /// counted for `id` before. Error{failed}: there is no guard any more, and nothing may be frozen.
  void watch(const std::string& id, const ControlGroup& group, const Terms& terms);
  void dismiss(const std::string& id);
  /// What is watched for `id`, if anything, comes to its end after that process group has, which may be that of a dump:
  /// CRIU, at its end, freezes again what was frozen when it began.
  void end_after(const std::string& id, pid_t process_group);
  /// `socket` is shut down when the program has ended, or awake() is called no more; the guard has its own copy of it,
  /// until spare(). Error{failed}.
  void sever(const std::string& id, int socket);
  void spare(const std::string& id) noexcept;
  /// To be called every `kAwake` at most, from where a program that hangs does not come by. Waits for nobody, and costs
  /// nothing while nobody listens; that there is no guard any more is told by fd().
  static constexpr std::chrono::seconds kAwake{3};
  void awake() noexcept;
  /// Everything that is watched is brought to its end, each after its `linger`. Returns when that is done, by ourselves
  /// if the guard has died.
  void end() noexcept;
  /// As which freezes are this session's.
  const Owner& owner() const noexcept { return owner_; }
  /// Readable when the guard has died.
  int fd() const noexcept { return socket_.get(); }

 private:
  bool send(GuardOrder order, int socket, int flags) noexcept;
  void order(const GuardOrder& order, int socket = -1);
  struct Watched {
    ControlGroup group;
    Terms terms;
  };
  void watch_locked(const std::string& id, const Watched& watched, pid_t after);
  std::mutex mutex_;
  posix::UniqueFd socket_;
  Owner owner_;
  std::map<std::string, Watched> watched_;
  std::set<std::string> severed_;
};

}  // namespace ms2m::node
