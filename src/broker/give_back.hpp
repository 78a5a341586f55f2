// Broker::give_back on RabbitMQ.
#pragma once
#include <cstdint>
#include <string>

#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// On a connection of its own, as whose user messages are published: it consumes, so whoever looks sees that somebody
/// has messages in hand. Another attempt may follow one that broke.
std::uint64_t give_back(amqp::Connection& connection, const std::string& user, const std::string& from,
                        const std::string& to, const std::string& way_back, const StopToken& stop);

}  // namespace ms2m
