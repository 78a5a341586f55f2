#include "ms2m/broker.hpp"

#include <fmt/format.h>

namespace ms2m {

std::string describe(const BrokerAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", address.tls ? "amqps" : "amqp", v6 ? "[" : "", address.host, v6 ? "]" : "",
                     address.port, address.vhost == "/" ? "" : address.vhost);
}

}  // namespace ms2m
