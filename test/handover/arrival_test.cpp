#include "handover/arrival.hpp"

#include "kube/objects/pod_state.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kHold = "ms2m.a.hold";
constexpr const char* kControl = "ms2m.control.copy";

ConsumerOptions from(const std::string& address) {
  ConsumerOptions options;
  options.peer_host = address;
  return options;
}

}  // namespace

TEST_CASE("a copy listens when it has taken its command and somebody else than the source consumes", "[arrival]") {
  const bool named = GENERATE(true, false);
  FakeServer server;
  server.set_admin_reachable(named);
  server.declare(kHold);
  server.declare(kControl);
  const auto source = server.start("source", kHold, from("10.0.0.1"));
  FakeBroker broker(server);
  ArrivalWatch copy(broker, broker, {kHold, 2, kControl, {"10.0.0.1"}, 0});
  CHECK_FALSE(copy.there(StopToken()));

  server.cut_connection_silently("source");
  server.settle();
  REQUIRE(server.consumers(kHold).size() == 2);
  broker.publish({"", kControl, R"({"type":"START_REPLAY"})", "application/json", ""}, StopToken());
  CHECK_FALSE(copy.there(StopToken()));  // nobody has taken the command

  broker.purge_queue(kControl, StopToken());  // as one that then hangs
  CHECK(copy.there(StopToken()) == !named);   // without the management API that is all that can be told

  const auto arrived = server.start("copy", kHold, from("10.0.0.2"));
  server.settle();
  CHECK(copy.there(StopToken()));
}

TEST_CASE("ms2m's own consumer is not the copy", "[arrival]") {
  FakeServer server;
  server.declare("app.events");
  FakeBroker broker(server);
  const auto valve = broker.close_valve({"app.events", 10}, StopToken());
  ArrivalWatch copy(broker, broker, {"app.events", 1, "", {"10.0.0.1"}, 1});
  CHECK_FALSE(copy.there(StopToken()));
  const auto arrived = server.start("copy", "app.events", from("10.0.0.2"));
  server.settle();
  CHECK(copy.there(StopToken()));
}

TEST_CASE("the addresses of a pod, and which instance of a container it runs", "[arrival]") {
  const Json pod = Json::parse(R"({"status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
    "containerStatuses":[{"name":"c","containerID":"cri-o://ab","restartCount":2}]}})");
  CHECK(addresses_of(pod) == std::vector<std::string>{"10.0.0.1", "fd00::1"});
  CHECK(addresses_of(Json::parse(R"({"status":{"podIP":"10.0.0.1"}})")) == std::vector<std::string>{"10.0.0.1"});
  CHECK(addresses_of(Json::object()).empty());
  CHECK(instance_in(pod, "c") == "cri-o://ab 2");
  CHECK(instance_in(pod, "other").empty());
}
