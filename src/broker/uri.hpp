// Broker addresses as people write them.
#pragma once
#include <string_view>

#include "ms2m/broker.hpp"

namespace ms2m {

/// amqp[s]://[user[:password]@]host[:port][/vhost][?cacertfile=..&certfile=..&keyfile=..&verify=verify_peer|verify_none
/// &server_name_indication=..&heartbeat=SECONDS&api=URL&auth_mechanism=plain|external]. As
/// https://www.rabbitmq.com/docs/uri-spec and uri-query-parameters, except that an empty vhost ("amqp://host/") means
/// "/", as most clients take it. Parts are percent-decoded (any byte); unknown query parameters are ignored, as other
/// clients' ones are common. Error{usage} names the part that is wrong and repeats nothing of the text: in a malformed
/// one any part may be the password's.
BrokerAddress parse_broker_uri(std::string_view uri);

}  // namespace ms2m
