// Whom the sockets of a container lead to.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ms2m/node_look.hpp"

namespace ms2m::node {

/// A TCP socket that listens, from /proc/<pid>/net/tcp or tcp6.
struct Listener {
  std::string address;  ///< hexadecimal, each word of four bytes in the machine's order
  std::string inode;
};
std::vector<Listener> read_listeners(const std::string& table);
/// Neither all addresses nor the loopback's.
bool is_own_address(std::string address);

/// The unix sockets of a network namespace that are connected, and the paths of all that have one.
struct UnixSockets {
  std::set<std::string> connected;           ///< inodes
  std::map<std::string, std::string> paths;  ///< by inode
};
/// From /proc/<pid>/net/unix.
UnixSockets read_unix_sockets(const std::string& table);

/// Inode by inode, who is at the other end ("0": nobody any more); nullopt: the kernel does not tell. In the network
/// namespace of /proc/<pid>; enters it with a thread of its own. sock_diag(7).
std::optional<std::map<std::string, std::string>> unix_peers(const std::string& process);

/// Fills outside_peers and unknown_peers. `own`: inodes of all sockets that the container's processes have open;
/// `many`: not all of its processes were looked at.
void tell_peers(const UnixSockets& sockets, const std::optional<std::map<std::string, std::string>>& peers,
                const std::set<std::string>& own, bool many, NodeLook& look);

}  // namespace ms2m::node
