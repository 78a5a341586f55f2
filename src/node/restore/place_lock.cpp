#include "node/restore/place_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace ms2m::node {

PlaceLock::PlaceLock(int directory) : own_(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  int done = -1;
  do done = ::flock(own_.get(), LOCK_EX);
  while (done != 0 && errno == EINTR);
  if (done != 0) posix::throw_errno("locking the restore");
}

}  // namespace ms2m::node
