// A program whose work ends with us.
#pragma once
#include <sys/types.h>

#include <functional>
#include <optional>

#include "wrap/posix/child.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// Runs a program under a guard: a process between us and it, to which all that it leaves behind comes (a subreaper).
/// Until release() the guard ends everything below it, and then calls `undo`, when this object goes or this process
/// dies, of whatever. Afterwards what still runs belongs to whom it would have belonged to without a guard.
class Guarded {
 public:
  /// `program` is called in a process of its own, whose exit code is what it returns; it must not throw. It has our
  /// standard streams, environment and descriptors. `undo` is called in the guard, in
  /// which nothing of ours is open but `kept`, until that is done. There must be no other thread.
  Guarded(const std::function<int()>& program, int kept, const std::function<void()>& undo);
  /// undo, unless it was released; waits until that is done.
  ~Guarded();
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// Waits for the program. Error{failed}: it could not be run, or the guard has died.
  posix::ExitStatus wait();
  /// Returns when the guard is gone. Error{failed}: it has died before.
  void release();

 private:
  void reap() noexcept;
  posix::UniqueFd socket_;
  pid_t guard_ = -1;
};

}  // namespace ms2m::node
