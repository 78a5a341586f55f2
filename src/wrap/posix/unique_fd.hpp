// Owning file descriptors and close-on-exec pipes.
#pragma once
#include <string>
#include <utility>

namespace ms2m::posix {

/// Owns one descriptor; closes it. Not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// Both ends close-on-exec and never 0, 1 or 2. Error{failed} when the process has no descriptors left.
Pipe make_pipe();
void set_nonblocking(int fd);

/// Error{failed, "<what>: <strerror>"} from errno.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace ms2m::posix
