#include "node/restore/waiting.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "ms2m/error.hpp"
#include "wrap/posix/directory_lock.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kWaiting = "waiting";
constexpr const char* kComing = "waiting.new";
constexpr const char* kUnderway = "underway";
constexpr const char* kReceiving = "receiving";
constexpr Millis kLongest{24 * 3600 * 1000};  // of one poll

bool is_locked(int directory, const char* name) {
  const posix::UniqueFd file(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

/// Made when it is not there. Empty: another one has the lock.
posix::UniqueFd locked(int directory, const char* name) {
  posix::UniqueFd file(::openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) posix::throw_errno(name);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) posix::throw_errno(name);
  return {};
}

bool same(const struct ::stat& a, const struct ::stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

Waiting::Waiting(int directory) : directory_(directory) {
  const posix::DirectoryLock lock(directory_, "the restore");
  file_.reset(::openat(directory_, kComing, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_ || ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::renameat(directory_, kComing, directory_, kWaiting) != 0)
    posix::throw_errno("waiting for the restore");
}

Waiting::~Waiting() {
  try {
    const posix::DirectoryLock lock(directory_, "the restore");
    if (newest()) ::unlinkat(directory_, kWaiting, 0);
  } catch (const Error&) {  // the file's lock goes with it
  }
}

bool Waiting::newest() const {
  struct ::stat own {
  }, there{};
  return ::fstat(file_.get(), &own) == 0 && ::fstatat(directory_, kWaiting, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         same(own, there);
}

bool Waiting::somebody(int directory) { return is_locked(directory, kWaiting); }

Underway::Underway(int directory) : file_(locked(directory, kUnderway)) {
  if (!file_) throw Error(ErrorKind::failed, "the restore is under way already");
}

bool Underway::any(int directory) { return is_locked(directory, kUnderway); }

Receiving::Receiving(int directory) : file_(locked(directory, kReceiving)) {
  if (!file_) throw Error(ErrorKind::conflict, "the restore's data is being written already");
}

DirectoryWatch::DirectoryWatch(int directory) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  const std::string path = "/proc/self/fd/" + std::to_string(directory);
  constexpr std::uint32_t kEvents =
      IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (!inotify_ || ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents) < 0)
    throw Error(ErrorKind::failed, "the directory of a restore cannot be watched: " + std::string(::strerror(errno)),
                "raise fs.inotify.max_user_instances on the node");
}

bool DirectoryWatch::await(const StopToken& stop) {
  std::array<pollfd, 2> fds{pollfd{inotify_.get(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  if (::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(kLongest).count())) < 0 && errno != EINTR)
    posix::throw_errno("poll");
  if (stop.stop_requested()) throw Cancelled();
  if (fds[0].revents == 0) return false;
  std::array<char, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) continue;
  return true;
}

}  // namespace ms2m::node
