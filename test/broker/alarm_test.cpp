// A broker with an alarm (here: disk) accepts nothing. Last in the program, because it stops everybody.
#include <sys/wait.h>
#include <unistd.h>

#include "broker/harness.hpp"
#include "broker/rabbit_admin.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// Sets the high watermark of memory by the management API's own way: a policy-free runtime parameter does not exist,
/// so by rabbitmqctl in the broker's root.
void watermark(const std::string& value) {
  const std::string command = fixture_file("ctl") + " set_vm_memory_high_watermark " + value + " >/dev/null 2>&1";
  REQUIRE(std::system(command.c_str()) == 0);
}

}  // namespace

TEST_CASE("an alarm: publish says so, the pump waits and goes on, the switch fires in time or is renewed") {
  const auto from = unique("alarm"), source = unique("source"), tee = unique("tee"), control = unique("control"),
             dead = unique("dead");
  Client client;
  for (const auto& each : {from, source, control}) client.declare(each);
  client.connection().declare_exchange(tee, "fanout", false, limit());
  client.connection().bind_queue(source, tee, "", limit());
  client.publish_numbers(from, 0, 10);
  RabbitBroker broker(address(), "alarm", limit());
  RabbitAdmin admin(address());
  CHECK(admin.alarms(limit()).empty());
  auto dead_man = broker.arm({dead, control, "{}", Millis{1500}}, limit());
  watermark("0.00001");  // takes longer, on a busy machine, than an idle connection lives
  Client watching;
  const auto alarms = admin.alarms(limit());
  REQUIRE(alarms.size() == 1);
  CHECK(alarms.front().find("memory on rabbit@") == 0);

  try {
    broker.publish(message("", source, "x"), limit(Millis{5000}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::unavailable);
    CHECK(std::string(error.what()).find("alarm") != std::string::npos);
  }
  PumpSpec spec;
  spec.from = from;
  spec.exchange = tee;
  spec.follow = source;
  auto pump = broker.start_pump(spec, limit());
  eventually([&] { return pump->stats().blocked; });
  CHECK(pump->stats().relayed == 0);
  // Its renewals are not accepted, so it must fire, and does: the message was not in our hands.
  eventually([&] { return dead_man->fired(); });
  eventually([&] { return watching.count(control).messages == 1; });
  watermark("0.9");
  eventually([&] { return pump->stats().relayed >= 4; });
  CHECK_FALSE(pump->stats().blocked);
  CHECK_FALSE(pump->broken());
  pump->stop(limit());
  Client cleaning;
  for (const auto& each : {from, source, control, dead}) cleaning.connection().delete_queue(each, limit());
  cleaning.connection().delete_exchange(tee, limit());
}
