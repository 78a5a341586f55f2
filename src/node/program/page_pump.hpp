// CRIU's page server, or its client, at one end; ms2m at the other.
#pragma once
#include "node/program/channel.hpp"

namespace ms2m::node {

/// What comes from `socket` goes to the channel, and the reverse, until the socket's other end is closed; when the
/// channel's stream ends, nothing more is sent to the socket, whose other end sees that. Returns what came from the
/// socket. Throws Cancelled, and then, as whenever it throws, nothing goes in either direction any more. A program's
/// signals must not include SIGPIPE.
Bytes pump_pages(int socket, Channel& channel);

}  // namespace ms2m::node
