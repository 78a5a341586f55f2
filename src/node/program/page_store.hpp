// CRIU's client for pages at one end; the program of the node that they come from at the other.
#pragma once
#include "node/program/channel.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// What give_pages() sends, kept until CRIU asks for it, some of it at most. Until CRIU's end of `socket` is closed;
/// when the channel's stream ends before, CRIU sees that its own has. Returns how many bytes CRIU was given. Throws
/// Cancelled, and then, as whenever it throws, `socket` is closed.
///
/// `criu`, the pidfd of that client, is stopped (SIGSTOP) while what it has asked for is not there, and goes on when it
/// is, and when this returns or throws: when the runtime has restored, it looks for its answer without a pause
/// (criu/uffd.c, handle_requests()), and would take a processor from what the answer is waiting for. Before, it waits
/// for what the copy touches, and takes being stopped for a failure of epoll_wait(); that is told apart by what it asks
/// for. Should we be killed, whoever started it lets it go on.
///
/// `lazy`: it is never stopped, as the copy runs meanwhile and waits for what it touches.
Bytes take_pages(int socket, posix::UniqueFd criu, bool lazy, Channel& channel);

}  // namespace ms2m::node
