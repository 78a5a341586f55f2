// What the management API tells of the consumers of a virtual host.
#include <fstream>
#include <iterator>

#include "broker/rabbit_admin.hpp"
#include "kube/raw_server.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("consumers of other queues are told with their connections", "[case-01]") {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/two-queues-one-connection.json");
  const std::string consumers{std::istreambuf_iterator<char>(in), {}};
  RawServer api([&](int listener) {
    for (int peer; (peer = ::accept(listener, nullptr, nullptr)) >= 0; ::close(peer)) {
      const bool list = RawServer::read_head(peer).find("GET /api/consumers/") == 0;
      const std::string body = list ? consumers : R"({"name":"orders","effective_policy_definition":{}})";
      RawServer::send(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body);
    }
  });
  BrokerAddress where;
  where.api_url = api.url();
  const auto queue = RabbitAdmin(where).queue("orders", StopToken{}.within(Millis{5000}));
  REQUIRE(queue);
  REQUIRE(queue->consumers.size() == 1);
  CHECK(queue->consumers[0].connection == "10.1.0.7:41812 -> 10.1.0.2:5672");
  REQUIRE(queue->elsewhere.size() == 2);
  CHECK(queue->elsewhere[0].queue == "events");
  CHECK(queue->elsewhere[0].connection == queue->consumers[0].connection);
  CHECK(queue->elsewhere[1].queue == "audit");
  CHECK(queue->elsewhere[1].peer_host == "10.1.0.7");
}
