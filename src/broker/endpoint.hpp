#pragma once
#include <string>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// `role` shows in the broker's list of connections: "ms2m <id> <role>".
amqp::Endpoint endpoint_of(const BrokerAddress& address, const std::string& id, const std::string& role);

}  // namespace ms2m
