#include "wrap/posix/files.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "ms2m/error.hpp"

namespace ms2m::posix {
namespace {

namespace fs = std::filesystem;

/// A signal that came meanwhile is not a failure.
template <typename Call>
int retry(const Call& call) {
  int result = 0;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

bool is_missing(int error) { return error == ENOENT || error == ENOTDIR; }

void write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw_errno("write " + name);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

/// False: there is none, as errno says.
bool sync_if_there(const fs::path& directory) {
  const UniqueFd fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && is_missing(errno)) return false;
  if (!fd) throw_errno("open " + directory.string());
  // Some file systems (network, fuse) cannot sync a directory; then there is nothing more to be had.
  if (retry([&] { return ::fsync(fd.get()); }) != 0 && errno != EINVAL) throw_errno("fsync " + directory.string());
  return true;
}

/// `parents`: of those that were made. False: somebody has removed one of them meanwhile.
bool make_missing(const fs::path& path, std::vector<fs::path>& parents) {
  if (path.empty() || fs::is_directory(path)) return true;
  const fs::path parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  if (parent != path && !make_missing(parent, parents)) return false;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    if (errno == ENOENT) return false;
    throw_errno("mkdir " + path.string());
  }
  parents.push_back(parent);
  return true;
}

}  // namespace

constexpr int kMostTries = 100;
constexpr int kLooks = 10;
constexpr std::chrono::milliseconds kLook{10};  // who only looks (locked()) has a lock for less

void sync_directory(const fs::path& directory) {
  if (!sync_if_there(directory)) throw_errno("open " + directory.string());
}

TempDir::TempDir(const std::string& prefix, const fs::path& parent) {
  const char* tmp = ::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody sets variables after the start
  const fs::path base = !parent.empty() ? parent : fs::path(tmp != nullptr && *tmp == '/' ? tmp : "/tmp");
  std::string name = (base / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void make_private_directories(const fs::path& path) {
  // Whoever removes something else from a directory above may take that along, as long as it is empty.
  for (int tries = 0; tries < kMostTries; ++tries) {
    std::vector<fs::path> parents;
    if (make_missing(path, parents) && std::all_of(parents.begin(), parents.end(), sync_if_there)) return;
  }
  errno = ENOENT;
  throw_errno("mkdir " + path.string());
}

AppendFile::AppendFile(const fs::path& path, Missing missing)
    : fd_(retry([&] {
        return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | (missing == Missing::create ? O_CREAT : 0), 0600);
      })),
      path_(path.string()) {
  if (!fd_ && missing == Missing::fail && is_missing(errno))
    throw Error(ErrorKind::not_found, path_ + ": no such file");
  if (!fd_) throw_errno("open " + path_);
  if (missing == Missing::create) sync_directory(path.parent_path());
}

bool AppendFile::try_lock() {
  for (int i = 0; i < kLooks; ++i) {
    if (i > 0) std::this_thread::sleep_for(kLook);
    if (retry([&] { return ::flock(fd_.get(), LOCK_EX | LOCK_NB); }) == 0) return true;
    if (errno != EWOULDBLOCK) throw_errno("lock " + path_);
  }
  return false;
}

bool AppendFile::locked(const fs::path& path) {
  const UniqueFd fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd && is_missing(errno)) throw Error(ErrorKind::not_found, path.string() + ": no such file");
  if (!fd) throw_errno("open " + path.string());
  if (retry([&] { return ::flock(fd.get(), LOCK_SH | LOCK_NB); }) == 0) return false;
  if (errno != EWOULDBLOCK) throw_errno("lock " + path.string());
  return true;
}

void AppendFile::append(std::string_view bytes, Sync sync) {
  struct stat before {};
  if (::fstat(fd_.get(), &before) != 0) throw_errno("stat " + path_);
  try {
    write_all(fd_.get(), bytes, path_);
    if (sync == Sync::yes && retry([&] { return ::fdatasync(fd_.get()); }) != 0) throw_errno("fdatasync " + path_);
  } catch (const Error&) {
    // The part that was written must not run into what is appended next.
    [[maybe_unused]] const int best_effort = ::ftruncate(fd_.get(), before.st_size);
    throw;
  }
}

void AppendFile::truncate(std::uintmax_t size) {
  if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) throw_errno("truncate " + path_);
  if (retry([&] { return ::fdatasync(fd_.get()); }) != 0) throw_errno("fdatasync " + path_);
}

void write_file_atomically(const fs::path& path, std::string_view bytes, const NewFile& as) {
  const fs::path fresh = path.string() + as.suffix;
  const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) throw_errno("open " + fresh.string());
  try {
    write_all(fd.get(), bytes, fresh.string());
    if (as.owner && ::fchown(fd.get(), as.owner->first, as.owner->second) != 0)
      throw_errno("setting the owner of " + fresh.string());
    if (::fchmod(fd.get(), as.mode) != 0) throw_errno("setting the mode of " + fresh.string());
    if (retry([&] { return ::fsync(fd.get()); }) != 0) throw_errno("fsync " + fresh.string());
    if (::rename(fresh.c_str(), path.c_str()) != 0) throw_errno("rename " + fresh.string());
  } catch (const Error&) {
    ::unlink(fresh.c_str());
    throw;
  }
  sync_directory(path.parent_path());
}

std::string read_file(const fs::path& path) {
  const UniqueFd fd(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd && is_missing(errno)) throw Error(ErrorKind::not_found, path.string() + ": no such file");
  if (!fd) throw_errno("open " + path.string());
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const auto got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read " + path.string());
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace ms2m::posix
