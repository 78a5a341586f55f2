// Waiting for a socket; for this room.
#pragma once
#include "ms2m/stop.hpp"

namespace ms2m::tls {

/// What a step waits for before it can go on.
enum class Want { nothing, readable, writable };

/// No longer than Stream::kStill. Throws as Stream.
void wait_for(int socket, Want want, const StopToken& stop, const char* doing);

}  // namespace ms2m::tls
