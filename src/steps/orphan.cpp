#include "steps/orphan.hpp"

#include <fmt/format.h>

#include <future>

#include "journal/operation.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "steps/steps.hpp"
#include "steps/transfer.hpp"
#include "undo/operations.hpp"

namespace ms2m {

Json unchanged_set(const Run& run, const StopToken& stop) {
  const auto set = run.ports.cluster.get({Kind::stateful_set, run.plan.ns, run.plan.owner}, stop);
  const Json& before = *run.facts.owner;
  const auto generation = [](const Json& object) { return object.at("metadata").value("generation", 0); };
  if (!set || is_terminating(*set) || pod_uid(*set) != pod_uid(before) || generation(*set) != generation(before))
    throw Error(ErrorKind::conflict, "statefulset " + run.plan.owner + " was changed during the migration",
                "run ms2m again");
  return *set;
}

namespace {

/// Undo and finish are the same.
Announced orphan_of(const Plan& plan, const Json& set) {
  const auto again = op::RecreateSet{set, plan.source_pod};
  return {fmt::format("delete statefulset {}/{} and leave its pods", plan.ns, plan.owner), again, again};
}

/// Journals it; returns the operation that does it.
Operation plan_orphaning(Run& run, Phase phase, const StopToken& stop) {
  const Json set = unchanged_set(run, stop);
  journal_announced(run, phase, orphan_of(run.plan, set));
  return op::OrphanSet{run.plan.ns, run.plan.owner, pod_uid(set)};
}

std::vector<Announced> announce_orphan(const Move& move) {
  if (!move.facts.owner) return {};  // refused
  return {orphan_of(move.plan, *move.facts.owner)};
}

void run_orphan(Run& run, const StopToken& stop) {
  Operations(run.ports).run(plan_orphaning(run, Phase::replaying, stop), stop.within(std::chrono::seconds(60)));
}

std::vector<Announced> announce_both(const Move& move) {
  std::vector<Announced> all = announce_orphan(move);
  for (const Announced& each : announce_transfer(move)) all.push_back(each);
  return all;
}

/// While the archive is on its way, the garbage collector lets go of the pods: both are waited for by nobody else.
void run_both(Run& run, const StopToken& stop) {
  const Operation orphan = plan_orphaning(run, Phase::transferring, stop);
  const StopToken limit = stop.within(std::chrono::seconds(60));
  auto orphaning = std::async(std::launch::async, [&] { Operations(run.ports).run(orphan, limit); });
  transfer(run, stop);
  orphaning.get();
}

}  // namespace

const Step step::orphan_set{Phase::replaying, announce_orphan, run_orphan};
const Step step::transfer_while_orphaning{Phase::transferring, announce_both, run_both};

}  // namespace ms2m
