// A message of a local socket that a descriptor may come along with (SCM_RIGHTS, unix(7)).
#pragma once
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cstddef>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// `size` bytes at `data`, which outlive it. Sent or received once.
class FdMessage {
 public:
  FdMessage(void* data, std::size_t size) noexcept;
  FdMessage(const FdMessage&) = delete;
  FdMessage& operator=(const FdMessage&) = delete;

  /// `fd`, unless it is negative, goes along. Returns what sendmsg(2) does; an interrupted call is made again, and
  /// there is no SIGPIPE.
  ssize_t send(int socket, int fd, int flags = 0) noexcept;
  /// Likewise, of recvmsg(2).
  ssize_t receive(int socket) noexcept;
  /// That has come, close-on-exec. Empty: none. The caller's, so at most once.
  UniqueFd fd() noexcept;

 private:
  iovec part_;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
  msghdr message_{};
};

}  // namespace ms2m::posix
