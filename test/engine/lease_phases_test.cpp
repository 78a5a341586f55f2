// The lease says the later phases, too, and nobody waits for that.
#include "engine/lease_phases.hpp"

#include <thread>

#include "engine/lease.hpp"
#include "kube/objects/lease.hpp"
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Held : OnFakes {
  explicit Held(const std::string& holder) {
    nodes.add(Kind::lease, make_lease("default", "ms2m-consumer-0", {"", "m7k2q9", holder, "Checkpointing"},
                                      "2026-11-29T10:00:00.000000Z"));
  }
  std::string phase() { return parse_lease(*cluster.get({Kind::lease, "default", "ms2m-consumer-0"}, {})).phase; }
  /// Until the lease says it, at most ten seconds.
  bool becomes(const std::string& wanted) {
    for (int i = 0; i < 1000 && phase() != wanted; ++i) std::this_thread::sleep_for(Millis{10});
    return phase() == wanted;
  }
  FakeCluster cluster{nodes};
};

struct Counter final : Observer {
  void on(const Event&) noexcept override { ++events; }
  int events = 0;
};

Event started(Phase phase) {
  Event event;
  event.type = Event::Type::phase_started;
  event.phase = phase;
  return event;
}

}  // namespace

TEST_CASE("each phase is told to the lease that this process holds, and to who observes") {
  Held held(process_name() + " (m7k2q9)");
  Counter counter;
  LeasePhases phases(held.cluster, counter);
  phases.on(started(Phase::transferring));  // of nobody yet
  phases.begin("default", "consumer-0");
  phases.on(started(Phase::restoring));
  CHECK(held.becomes("Restoring"));
  phases.on(started(Phase::finalizing));
  CHECK(held.becomes("Finalizing"));
  phases.on(started(Phase::checkpointing));  // that is the steps' to tell
  CHECK(counter.events == 4);
  phases.end();
  phases.end();
  CHECK(held.phase() == "Finalizing");
}

TEST_CASE("the lease of a migration that an earlier process began is renewed at once") {
  Held held("root@there pid 3 (m7k2q9)");
  Counter counter;
  LeasePhases phases(held.cluster, counter);
  const auto renewed = [&] {
    const auto object = held.cluster.get({Kind::lease, "default", "ms2m-consumer-0"}, {});
    return object->at("spec").at("renewTime").get<std::string>();
  };
  CHECK(renewed() == "2026-11-29T10:00:00.000000Z");
  phases.begin("default", "consumer-0", "m7k2q9");
  for (int i = 0; i < 1000 && renewed() == "2026-11-29T10:00:00.000000Z"; ++i) std::this_thread::sleep_for(Millis{10});
  CHECK(renewed() > "2026-11-29T10:00:00.000000Z");
  CHECK(held.phase() == "Checkpointing");
  phases.begin("default", "consumer-0", "mother");  // not that one
  phases.end();
}

TEST_CASE("another one's lease is left alone, and an API server that hangs keeps nobody") {
  Held held("root@elsewhere pid 3 (m7k2q9)");
  Counter counter;
  std::atomic<int> asked = 0;
  held.nodes.hook = [&](const std::string& call, bool before) {
    if (before && call == "get ms2m-consumer-0") ++asked;
  };
  {
    LeasePhases phases(held.cluster, counter);
    phases.begin("default", "consumer-0");
    phases.on(started(Phase::restoring));
    for (int i = 0; i < 1000 && asked == 0; ++i) std::this_thread::sleep_for(Millis{10});
  }
  CHECK(asked == 1);  // it was read, and not written
  CHECK(held.phase() == "Checkpointing");
}
