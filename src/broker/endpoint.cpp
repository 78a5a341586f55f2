#include "broker/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms2m {

std::chrono::seconds holding_heartbeat(Millis dead_man) {
  return std::max(std::chrono::seconds{1}, std::chrono::floor<std::chrono::seconds>(dead_man / 5));
}

amqp::Endpoint endpoint_of(const BrokerAddress& address, const std::string& id, const std::string& role) {
  amqp::Endpoint endpoint;
  endpoint.host = address.host;
  endpoint.port = address.port;
  endpoint.user = address.user;
  endpoint.password = address.password;
  endpoint.vhost = address.vhost;
  endpoint.mechanisms = address.mechanisms;
  endpoint.tls.enabled = address.tls;
  endpoint.tls.verify = address.verify;
  endpoint.tls.ca_file = address.ca_file;
  endpoint.tls.certificate_file = address.certificate_file;
  endpoint.tls.key_file = address.key_file;
  endpoint.tls.server_name = address.server_name;
  endpoint.heartbeat = address.heartbeat;
  endpoint.connection_name = fmt::format("ms2m {} {}", id, role);
  return endpoint;
}

std::string own_user(const amqp::Endpoint& endpoint) {
  return endpoint.mechanisms == std::vector<std::string>{"PLAIN"} ? endpoint.user : std::string();
}

}  // namespace ms2m
