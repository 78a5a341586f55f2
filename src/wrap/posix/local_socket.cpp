#include "wrap/posix/local_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ms2m/error.hpp"

namespace ms2m::posix {
namespace {

struct Address {
  UniqueFd directory;
  sockaddr_un name{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

/// By way of its directory's descriptor: an address has 108 bytes. nullopt: there is no such directory.
std::optional<Address> address_of(const std::filesystem::path& path) {
  Address address;
  address.directory.reset(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!address.directory) {
    if (errno == ENOENT) return std::nullopt;
    throw_errno(path.string());
  }
  const std::string name = fmt::format("/proc/self/fd/{}/{}", address.directory.get(), path.filename().string());
  if (name.size() >= sizeof address.name.sun_path) throw Error(ErrorKind::failed, path.string() + ": name too long");
  address.name.sun_family = AF_UNIX;
  std::memcpy(address.name.sun_path, name.c_str(), name.size() + 1);
  return address;
}

UniqueFd make_socket(int flags) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd) throw_errno("socket");
  return fd;
}

}  // namespace

UniqueFd listen_at(const std::filesystem::path& path) {
  // A socket that has its name and does not listen yet looks like one that was left behind.
  const std::filesystem::path early = path.string() + ".new";
  const auto address = address_of(early);
  if (!address) throw Error(ErrorKind::failed, path.parent_path().string() + " is not there");
  UniqueFd fd = make_socket(SOCK_NONBLOCK);
  ::unlink(early.c_str());
  if (::fchmod(fd.get(), 0600) != 0 || ::bind(fd.get(), address->get(), sizeof address->name) != 0 ||
      ::listen(fd.get(), 8) != 0 || ::rename(early.c_str(), path.c_str()) != 0)
    throw_errno(path.string());
  return fd;
}

std::optional<UniqueFd> accept_from(const UniqueFd& listening) {
  UniqueFd fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return std::nullopt;
  return fd;
}

std::optional<unsigned> user_of(const UniqueFd& connected) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(connected.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who.uid;
}

std::optional<UniqueFd> connect_to(const std::filesystem::path& path) {
  const auto address = address_of(path);
  if (!address) return std::nullopt;
  UniqueFd fd = make_socket(SOCK_NONBLOCK);
  if (::connect(fd.get(), address->get(), sizeof address->name) == 0) return fd;
  if (errno == EAGAIN) return UniqueFd();
  if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
  throw_errno(path.string());
}

}  // namespace ms2m::posix
