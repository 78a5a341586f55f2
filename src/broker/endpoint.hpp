#pragma once
#include <string>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// Two to three of them pass before a broker takes a silent client for dead: at most a fifth of the dead man's time.
std::chrono::seconds holding_heartbeat(Millis dead_man);

/// `role` shows in the broker's list of connections: "ms2m <id> <role>".
amqp::Endpoint endpoint_of(const BrokerAddress& address, const std::string& id, const std::string& role);
/// Whose name a message of ours may carry as user_id; empty: another login than by password is as whom the certificate
/// says.
std::string own_user(const amqp::Endpoint& endpoint);

}  // namespace ms2m
