#include "node/restore/page_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kName = "pages";

/// However long the directory's own path is.
sockaddr_un address(int directory) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + kName;
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  return at;
}

/// Throws as StopToken::check().
void await(int fd, const StopToken& stop, const std::string& doing) {
  std::array<pollfd, 2> fds{pollfd{fd, POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  while (fds[0].revents == 0) {
    const int left = stop.deadline() ? static_cast<int>(stop.remaining(Millis{1 << 30}).count()) : -1;
    if (::poll(fds.data(), fds.size(), left) < 0 && errno != EINTR) posix::throw_errno("poll");
    if (fds[0].revents == 0) stop.check(doing);
  }
}

/// One byte, with a descriptor.
struct Shown {
  Shown() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
};

posix::UniqueFd make_socket() {
  posix::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) posix::throw_errno("a socket for pages");
  return fd;
}

}  // namespace

PageDoor::PageDoor(int directory) : directory_(directory), listening_(make_socket()) {
  ::unlinkat(directory_, kName, 0);
  const sockaddr_un at = address(directory_);
  if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(listening_.get(), 1) != 0)
    posix::throw_errno("a socket for pages");
}

PageDoor::~PageDoor() {
  if (listening_) ::unlinkat(directory_, kName, 0);
}

posix::UniqueFd PageDoor::admit(const StopToken& stop) {
  const std::string doing = "waiting for the restore that fetches pages";
  for (;;) {
    await(listening_.get(), stop, doing);
    posix::UniqueFd come(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!come && errno == EINTR) continue;
    if (!come) posix::throw_errno(doing);
    ::unlinkat(directory_, kName, 0);
    listening_.reset();
    return come;
  }
}

posix::UniqueFd enter_for_pages(int directory) {
  posix::UniqueFd fd = make_socket();
  const sockaddr_un at = address(directory);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw Error(ErrorKind::failed, std::string("nobody gives the pages of this restore: ") + std::strerror(errno));
  return fd;
}

void show_process(int socket, int pidfd) {
  Shown shown;
  cmsghdr* const head = CMSG_FIRSTHDR(&shown.message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof pidfd);
  std::memcpy(CMSG_DATA(head), &pidfd, sizeof pidfd);
  ssize_t sent = -1;
  do sent = ::sendmsg(socket, &shown.message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent != 1) posix::throw_errno("showing the process that fetches pages");
}

posix::UniqueFd shown_process(int socket, const StopToken& stop) {
  await(socket, stop, "waiting for the process that fetches pages");
  Shown shown;
  ssize_t got = -1;
  do got = ::recvmsg(socket, &shown.message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const cmsghdr* const head = CMSG_FIRSTHDR(&shown.message);
  if (got != 1 || head == nullptr || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
    throw Error(ErrorKind::protocol, "the restore does not say which process fetches its pages");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return posix::UniqueFd(fd);
}

}  // namespace ms2m::node
