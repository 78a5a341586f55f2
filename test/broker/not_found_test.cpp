// "Not found" has two meanings (rabbitmq-facts.md section 12), and what holds messages must be seen to be dead in time.
#include "support/catch.hpp"

#include "broker/endpoint.hpp"
#include "wrap/amqp/error.hpp"

using namespace ms2m;

TEST_CASE("A 404 says gone only where the broker says that there is none") {
  for (const char* gone : {"NOT_FOUND - no queue 'app.events' in vhost '/'", "NOT_FOUND - no exchange 'x' in vhost '/'",
                           "no queue 'app.events' in vhost '/'"})
    CHECK(amqp::ChannelClosed(404, gone).kind() == ErrorKind::not_found);
}

TEST_CASE("A 404 of a broker that cannot tell is unknown") {
  for (const char* unknown :
       {"NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible",
        "NOT_FOUND - failed to perform operation on queue 'q' in vhost '/' due to timeout",
        "NOT_FOUND - queue 'no queue here' in vhost '/' has crashed and failed to restart", "NOT_FOUND", ""}) {
    INFO(unknown);
    CHECK(amqp::ChannelClosed(404, unknown).kind() == ErrorKind::unavailable);
  }
}

TEST_CASE("Three heartbeats pass before the dead man's time") {
  for (const int seconds : {5, 6, 9, 10, 15, 30, 60})
    CHECK(3 * holding_heartbeat(std::chrono::seconds{seconds}) < std::chrono::seconds{seconds});
}
