// What a CRIU leaves that is killed in the middle of a dump: the container's network closed.
#pragma once
#include <sys/types.h>

#include "ms2m/stop.hpp"

namespace ms2m::node {

/// Opens the network of that process again, if CRIU closed it and it is not this one's own; nothing otherwise. CRIU
/// closes it by iptables-restore (chain CRIU) or nftables (table CRIU-<pid>), in the network's own namespace
/// (criu/net.c). Throws Cancelled.
void open_locked_network(pid_t process, const StopToken& stop);

}  // namespace ms2m::node
