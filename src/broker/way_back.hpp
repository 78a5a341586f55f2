// How a message goes to one queue and no other, unchanged.
#pragma once
#include <string>

#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// The default exchange sends a message to the queues that its header CC names, too, and they have theirs already. A
/// fan-out exchange looks at no key and no header. Declares it and binds it to `queue` alone; false: it has no name, or
/// may not be declared or bound (the channel is a new one then, in transaction mode).
bool open_way_back(amqp::Connection& connection, const std::string& exchange, const std::string& queue,
                   const StopToken& stop);

}  // namespace ms2m
