#include "node/restore/place_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::node {

namespace {

constexpr Millis kLook{20};  // nobody is told that a lock is free, or waits for one with a limit

}  // namespace

PlaceLock::PlaceLock(int directory, Millis limit) : own_(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  for (const TimePoint end = Clock::now() + limit; ::flock(own_.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) posix::throw_errno("locking the restore");
    if (Clock::now() >= end)
      throw Error(ErrorKind::failed, "another program has had the restore's lock for " + std::to_string(limit.count()) +
                                         " ms, and may have been stopped");
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
  }
}

}  // namespace ms2m::node
