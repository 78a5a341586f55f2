#include "steps/lease.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/names.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

Announced release_of(const Plan& plan, const std::string& holder) {
  const auto release = op::ReleaseLease{plan.ns, "ms2m-" + plan.source_pod, holder};
  return {fmt::format("create lease {}/ms2m-{}", plan.ns, plan.source_pod), release, release};
}

/// MicroTime of the Lease API wants six digits.
std::string micro_time() {
  std::string time = now_rfc3339();
  time.insert(time.size() - 1, "000");
  return time;
}

/// A migration that no longer runs may have left its dead man's switch: it would send the source back to work in the
/// middle of this one. Then its lease, unless somebody else has taken it meanwhile.
void take_over(const TakeLease& at, const ObjectRef& ref, const StopToken& stop) {
  const Json& metadata = at.move.facts.lease->at("metadata");
  const std::string id = metadata.value("labels", Json::object()).value(kIdLabel, "");
  if (!id.empty()) at.broker.delete_queue(queue_names(id).dead_man, stop);
  at.cluster.remove(ref, {metadata.value("uid", ""), std::nullopt, ""}, stop);
}

}  // namespace

void set_lease_phase(Cluster& cluster, const Plan& plan, Phase phase, const StopToken& stop) {
  const Json change{{"metadata", {{"annotations", {{"ms2m.io/phase", to_string(phase)}}}}}};
  cluster.patch({Kind::lease, plan.ns, "ms2m-" + plan.source_pod}, PatchType::merge, change, stop);
}

std::vector<Announced> TakeLease::announce(const Move& move) { return {release_of(move.plan, "")}; }

Ran TakeLease::run(const StopToken& stop) const {
  const std::string name = "ms2m-" + move.plan.source_pod;
  const std::string holder = journal.begin().value("holder", "");
  const ObjectRef ref{Kind::lease, move.plan.ns, name};
  if (move.facts.lease && move.request.take_over_lease) take_over(*this, ref, stop);
  journal_announced(journal, Phase::preparing, release_of(move.plan, holder));
  const Json lease{{"apiVersion", "coordination.k8s.io/v1"},
                   {"kind", "Lease"},
                   {"metadata",
                    {{"name", name},
                     {"namespace", move.plan.ns},
                     {"labels", {{kIdLabel, move.plan.id}}},
                     {"annotations", {{"ms2m.io/phase", to_string(Phase::preparing)}}}}},
                   {"spec",
                    {{"holderIdentity", holder},
                     {"acquireTime", micro_time()},
                     {"renewTime", micro_time()},
                     {"leaseDurationSeconds", 3600}}}};
  try {
    cluster.create(ref, lease, {}, stop);
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
