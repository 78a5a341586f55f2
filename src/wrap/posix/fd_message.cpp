#include "wrap/posix/fd_message.hpp"

#include <cerrno>
#include <cstring>

namespace ms2m::posix {

FdMessage::FdMessage(void* data, std::size_t size) noexcept : part_{data, size} {
  message_.msg_iov = &part_;
  message_.msg_iovlen = 1;
}

ssize_t FdMessage::send(int socket, int fd, int flags) noexcept {
  if (fd >= 0) {
    message_.msg_control = control_.data();
    message_.msg_controllen = control_.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message_);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  ssize_t sent = -1;
  do sent = ::sendmsg(socket, &message_, MSG_NOSIGNAL | flags);
  while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t FdMessage::receive(int socket) noexcept {
  message_.msg_control = control_.data();
  message_.msg_controllen = control_.size();
  ssize_t got = -1;
  do got = ::recvmsg(socket, &message_, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  return got;
}

UniqueFd FdMessage::fd() noexcept {
  const cmsghdr* const head = CMSG_FIRSTHDR(&message_);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return UniqueFd(fd);
}

}  // namespace ms2m::posix
