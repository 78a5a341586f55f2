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
#include "wrap/posix/fd_message.hpp"

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
  char byte = 0;
  if (posix::FdMessage(&byte, 1).send(socket, pidfd) != 1) posix::throw_errno("showing the process that fetches pages");
}

posix::UniqueFd shown_process(int socket, const StopToken& stop) {
  await(socket, stop, "waiting for the process that fetches pages");
  char byte = 0;
  posix::FdMessage shown(&byte, 1);
  posix::UniqueFd process = shown.receive(socket) == 1 ? shown.fd() : posix::UniqueFd();
  if (!process) throw Error(ErrorKind::protocol, "the restore does not say which process fetches its pages");
  return process;
}

}  // namespace ms2m::node
