#include "steps/orphan.hpp"

#include <fmt/format.h>

#include "journal/operation.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

Json unchanged_set(const Move& move, Cluster& cluster, const StopToken& stop) {
  const auto set = cluster.get({Kind::stateful_set, move.plan.ns, move.plan.owner}, stop);
  const Controller& before = *move.facts.owner;
  if (!set || is_terminating(*set) || pod_uid(*set) != before.uid ||
      parse_controller(*set).generation != before.generation)
    throw Error(ErrorKind::conflict, "statefulset " + move.plan.owner + " was changed during the migration",
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
Operation plan_orphaning(const OrphanSet& at, Phase phase, const StopToken& stop) {
  const Json set = unchanged_set(at.move, at.cluster, stop);
  journal_announced(at.journal, phase, orphan_of(at.move.plan, set));
  return op::OrphanSet{at.move.plan.ns, at.move.plan.owner, pod_uid(set)};
}

}  // namespace

std::vector<Announced> OrphanSet::announce(const Move& move) {
  if (!move.facts.owner) return {};  // refused
  return {orphan_of(move.plan, move.facts.owner->document)};
}

std::future<void> OrphanSet::begin(Phase phase, const StopToken& stop) const {
  return std::async(std::launch::async,
                    [this, operation = plan_orphaning(*this, phase, stop),
                     limit = stop.within(std::chrono::seconds(60))] { operations.run(operation, limit); });
}

Ran OrphanSet::run(const StopToken& stop) const {
  begin(Phase::replaying, stop).get();
  return {};
}

}  // namespace ms2m
