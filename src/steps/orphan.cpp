#include "steps/orphan.hpp"

#include <fmt/format.h>

#include <future>

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

Ran OrphanSet::run(const StopToken& stop) const {
  operations.run(plan_orphaning(*this, Phase::replaying, stop), stop.within(std::chrono::seconds(60)));
  return {};
}

std::vector<Announced> TransferWhileOrphaning::announce(const Move& move) {
  std::vector<Announced> all = OrphanSet::announce(move);
  for (const Announced& each : Transfer::announce(move)) all.push_back(each);
  return all;
}

/// While the archive is on its way, the garbage collector lets go of the pods.
Ran TransferWhileOrphaning::run(const StopToken& stop) const {
  const Operation operation = plan_orphaning(orphan, Phase::transferring, stop);
  const StopToken limit = stop.within(std::chrono::seconds(60));
  auto orphaning = std::async(std::launch::async, [&] { orphan.operations.run(operation, limit); });
  const Ran ran = transfer.run(stop);
  orphaning.get();
  return ran;
}

}  // namespace ms2m
