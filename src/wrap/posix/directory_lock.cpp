#include "wrap/posix/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "ms2m/error.hpp"

namespace ms2m::posix {

namespace {

constexpr Millis kLook{20};  // nobody is told that a lock is free, or waits for one with a limit

}  // namespace

DirectoryLock::DirectoryLock(int directory, const std::string& what, Millis limit, const StopToken& stop)
    : own_(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  const std::string doing = "locking " + what;
  for (const TimePoint end = Clock::now() + limit; ::flock(own_.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno(doing);
    if (Clock::now() >= end)
      throw Error(ErrorKind::failed, "another program has had " + what + "'s lock for " +
                                         std::to_string(limit.count()) + " ms, and may have been stopped");
    stop.sleep(kLook, doing);
  }
}

}  // namespace ms2m::posix
