// Opens the connection's socket, plain or TLS. Only for .cpp files of this folder.
#pragma once
#include "ms2m/stop.hpp"
#include "wrap/amqp/c_api.hpp"
#include "wrap/amqp/endpoint.hpp"

namespace ms2m::amqp {

/// A broker that takes nothing for this long (TCP_USER_TIMEOUT) counts as lost: bounds writes, which librabbitmq never
/// ends.
constexpr Millis kStalledWrite{20000};

/// Connects and hands the socket to `state`. Error{unavailable}, {forbidden} (certificate), {usage} (files), Cancelled.
void open_socket(amqp_connection_state_t state, const Endpoint& endpoint, const StopToken& stop);

}  // namespace ms2m::amqp
