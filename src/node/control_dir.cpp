#include "node/control_dir.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ms2m::node {
namespace {

namespace fs = std::filesystem;
constexpr const char* kPrefix = "ms2m-ssh-";
constexpr const char* kLock = "lock";

fs::path base() {
  const char* runtime = ::getenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
  // A socket's path has at most 107 bytes, and ssh adds 17 to it while it begins to listen.
  if (runtime == nullptr || *runtime != '/' || std::string_view(runtime).size() > 50) return "/tmp";
  return ::access(runtime, W_OK | X_OK) == 0 ? fs::path(runtime) : fs::path("/tmp");
}

bool is_stale(const fs::path& path) {
  if (path.filename().string().rfind(kPrefix, 0) != 0) return false;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid()) return false;
  // A lock, not a process number: that may mean another process in another container that shares /tmp.
  const posix::UniqueFd lock(::open((path / kLock).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

fs::path without_stale(const fs::path& parent) noexcept {
  std::error_code ignored;
  for (fs::directory_iterator entry(parent, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    std::error_code left;
    if (is_stale(entry->path())) fs::remove_all(entry->path(), left);
  }
  return parent;
}

}  // namespace

void ControlDir::remove_stale() noexcept { without_stale(base()); }

ControlDir::ControlDir() : dir_(kPrefix, without_stale(base())) {
  // Locked under another name first: a lock that is free for an instant would look stale.
  const fs::path fresh = dir_.path() / "new";
  lock_.reset(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) posix::throw_errno("lock " + fresh.string());
  if (::rename(fresh.c_str(), (dir_.path() / kLock).c_str()) != 0) posix::throw_errno("rename " + fresh.string());
}

}  // namespace ms2m::node
