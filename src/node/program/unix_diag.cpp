#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "node/program/sockets.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

using Peers = std::map<std::string, std::string>;

bool ask(int socket) {
  struct {
    nlmsghdr head;
    unix_diag_req request;
  } all{};
  all.head.nlmsg_len = sizeof all;
  all.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  all.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  all.request.sdiag_family = AF_UNIX;
  all.request.udiag_states = ~0U;
  all.request.udiag_show = UDIAG_SHOW_PEER;
  return ::send(socket, &all, sizeof all, 0) == sizeof all;
}

void read_socket(const char* at, std::size_t size, Peers& peers) {
  unix_diag_msg message;
  if (size < sizeof message) return;
  std::memcpy(&message, at, sizeof message);
  std::uint32_t peer = 0;
  for (std::size_t offset = NLMSG_ALIGN(sizeof message); offset + sizeof(rtattr) <= size;) {
    rtattr attribute;
    std::memcpy(&attribute, at + offset, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || offset + attribute.rta_len > size) break;
    if (attribute.rta_type == UNIX_DIAG_PEER && attribute.rta_len >= RTA_LENGTH(sizeof peer))
      std::memcpy(&peer, at + offset + RTA_LENGTH(0), sizeof peer);
    offset += RTA_ALIGN(attribute.rta_len);
  }
  peers[std::to_string(message.udiag_ino)] = std::to_string(peer);
}

/// In this thread's network namespace.
std::optional<Peers> dump() {
  const posix::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval limit{2, 0};
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 || !ask(socket.get()))
    return std::nullopt;
  Peers peers;
  alignas(nlmsghdr) std::array<char, 64 << 10> buffer;
  for (;;) {
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(got);
    nlmsghdr head;
    for (std::size_t at = 0; at + sizeof head <= size; at += NLMSG_ALIGN(head.nlmsg_len)) {
      std::memcpy(&head, buffer.data() + at, sizeof head);
      if (head.nlmsg_len < sizeof head || at + head.nlmsg_len > size || head.nlmsg_type == NLMSG_ERROR)
        return std::nullopt;
      if (head.nlmsg_type == NLMSG_DONE) return peers;
      read_socket(buffer.data() + at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN, peers);
    }
  }
}

}  // namespace

std::optional<Peers> unix_peers(const std::string& process) {
  std::optional<Peers> peers;
  std::thread([&] {
    const posix::UniqueFd space(::open((process + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
    if (space && ::setns(space.get(), CLONE_NEWNET) == 0) peers = dump();
  }).join();
  return peers;
}

}  // namespace ms2m::node
