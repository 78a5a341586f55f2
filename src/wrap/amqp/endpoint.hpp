// Where a broker is, and as whom one logs in there.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ms2m/units.hpp"

namespace ms2m::amqp {

struct Tls {
  bool enabled = false;
  bool verify = true;
  std::string ca_file;           ///< empty: the system's store
  std::string certificate_file;  ///< client certificate and key, may be empty
  std::string key_file;
  std::string server_name;  ///< name to verify instead of the host; the SNI stays the host (librabbitmq)
};

struct Endpoint {
  std::string host;
  std::uint16_t port = 5672;
  std::string user;
  std::string password;
  std::string vhost = "/";
  std::vector<std::string> mechanisms{"PLAIN"};  ///< SASL, PLAIN or EXTERNAL, in order of preference
  Tls tls;
  std::string connection_name;         ///< what `rabbitmqctl list_connections client_properties` shows
  std::chrono::seconds heartbeat{10};  ///< the smaller of this and the broker's (0 at either side: the other's)
  Millis connect_timeout{5000};
};

}  // namespace ms2m::amqp
