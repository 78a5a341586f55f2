// A plan is a plan also where nearly nothing could be asked: its findings say so, and nobody gets them otherwise.
#include "plan/planner.hpp"
#include "plan/procedure.hpp"
#include "strategy/strategy.hpp"
#include "support/catch.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("steps are planned without nodes, images and the pod's owner") {
  const char* owner = GENERATE("", "ReplicaSet", "StatefulSet");
  MigrationRequest r = request();
  r.strategy = GENERATE(Strategy::handoff, Strategy::shadow, Strategy::sequential);
  r.protocol = GENERATE(Protocol::control, Protocol::none);
  r.replay = GENERATE(Replay::exact, Replay::fanout);
  Facts facts = good();
  if (*owner != '\0')
    facts.pod["metadata"]["ownerReferences"] = {{{"kind", owner}, {"name", "orders"}, {"controller", true}}};
  facts.source = facts.target = {};
  facts.depth.reset();
  facts.queue.reset();
  facts.procedure = procedure_of(r, facts.pod);
  const Plan plan = make_plan(r, facts, "m7k2q9", {});
  CHECK(planned_steps({plan, r, facts}).size() > 10);
}
