// Which broker and which queue: flags, environment, configuration file, annotations of the pod, the container's own
// environment, in this order, and each of the two for itself.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"
#include "kube/objects/container_env.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

/// Where settings of the broker may come from, the most important first.
struct BrokerSource {
  std::string origin;  ///< "--broker", "MS2M_BROKER", "/home/a/.config/ms2m/config.yaml": for messages
  std::string queue_origin;
  BrokerOptions options;
};

struct BrokerQuestion {
  std::vector<BrokerSource> sources;
  Json pod;
  std::string container;  ///< as given; empty: the pod's default container
  PodLookups lookups;
  std::function<BrokerAddress(std::string_view)> parse_uri;  ///< Error{usage} for one that is wrong
  bool queue_needed = true;
  /// Takes what would be thrown otherwise, but for Error{usage}; the choice lacks it then.
  std::function<void(const Error&)> unresolved{};
};

struct BrokerChoice {
  BrokerAddress address;
  std::string address_origin;
  std::string queue;
  std::string queue_origin;
};

/// Nobody names a broker, or a queue: it may be no consumer at all. {refused}.
struct NotNamed : Error {
  using Error::Error;
};

/// Reads nothing but what `lookups` reads. Error{usage}: what the user gave is wrong; NotNamed: nobody names a
/// broker or a queue; Error{refused}: the pod names something that does not exist. No secret is in a message.
BrokerChoice choose_broker(const BrokerQuestion& question);

/// True for "amqp://user:password@host": such a URI must not be on a command line.
bool has_password(std::string_view uri);

}  // namespace ms2m::cli
