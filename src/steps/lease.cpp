#include "steps/lease.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/lease.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

Announced release_of(const Plan& plan, const std::string& holder) {
  const auto release = op::ReleaseLease{plan.ns, "ms2m-" + plan.source_pod, holder};
  return {fmt::format("create lease {}/ms2m-{}", plan.ns, plan.source_pod), release, release};
}

/// A migration that no longer runs may have left its dead man's switch: it would send the source back to work in the
/// middle of this one. Then its lease, unless somebody else has taken it meanwhile.
void take_over(const TakeLease& at, const ObjectRef& ref, const StopToken& stop) {
  const Lease& lease = *at.move.facts.lease;
  if (!lease.migration.empty()) at.broker.delete_queue(queue_names(lease.migration).dead_man, stop);
  at.cluster.remove(ref, {lease.uid, std::nullopt, ""}, stop);
}

}  // namespace

void set_lease_phase(Cluster& cluster, const Plan& plan, Phase phase, const StopToken& stop) {
  cluster.patch({Kind::lease, plan.ns, "ms2m-" + plan.source_pod}, PatchType::merge,
                lease_phase_patch(to_string(phase)), stop);
}

std::vector<Announced> TakeLease::announce(const Move& move) { return {release_of(move.plan, "")}; }

Ran TakeLease::run(const StopToken& stop) const {
  const std::string name = "ms2m-" + move.plan.source_pod;
  const std::string holder = journal.begin().value("holder", "");
  const ObjectRef ref{Kind::lease, move.plan.ns, name};
  if (move.facts.lease && move.request.take_over_lease) take_over(*this, ref, stop);
  journal_announced(journal, Phase::preparing, release_of(move.plan, holder));
  const Plan& plan = move.plan;
  const Lease lease{"", plan.id, holder, to_string(Phase::preparing), plan.target_pod, plan.target_node, plan.queue};
  try {
    cluster.create(ref, make_lease(ref.ns, ref.name, lease, now_micro_time()), {}, stop);
  } catch (Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    throw Error(
        ErrorKind::refused, fmt::format("another migration of pod {} has just begun", move.plan.source_pod),
        "wait for it; who it is: " + remedy::command(remedy::Command::check, move.request.place,
                                                     {move.plan.source_pod, move.plan.target_node, move.plan.ns}));
  }
  return {};
}

}  // namespace ms2m
