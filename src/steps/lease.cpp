#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/names.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

Announced release_of(const Plan& plan, const std::string& holder) {
  const auto release = op::ReleaseLease{plan.ns, "ms2m-" + plan.source_pod, holder};
  return {fmt::format("create lease {}/ms2m-{}", plan.ns, plan.source_pod), release, release};
}

std::vector<Announced> announce_lease(const Move& move) { return {release_of(move.plan, "")}; }

/// MicroTime of the Lease API wants six digits.
std::string micro_time() {
  std::string time = now_rfc3339();
  time.insert(time.size() - 1, "000");
  return time;
}

/// A migration that no longer runs may have left its dead man's switch: it would send the source back to work in the
/// middle of this one. Then its lease, unless somebody else has taken it meanwhile.
void take_over(Run& run, const ObjectRef& ref, const StopToken& stop) {
  const Json& metadata = run.facts.lease->at("metadata");
  const std::string id = metadata.value("labels", Json::object()).value(kIdLabel, "");
  if (!id.empty()) run.ports.broker.delete_queue(queue_names(id).dead_man, stop);
  run.ports.cluster.remove(ref, {metadata.value("uid", ""), std::nullopt, ""}, stop);
}

void run_lease(Run& run, const StopToken& stop) {
  const std::string name = "ms2m-" + run.plan.source_pod;
  const std::string holder = run.journal.begin().value("holder", "");
  const ObjectRef ref{Kind::lease, run.plan.ns, name};
  if (run.facts.lease && run.request.take_over_lease) take_over(run, ref, stop);
  journal_announced(run, Phase::preparing, release_of(run.plan, holder));
  const Json lease{{"apiVersion", "coordination.k8s.io/v1"},
                   {"kind", "Lease"},
                   {"metadata",
                    {{"name", name},
                     {"namespace", run.plan.ns},
                     {"labels", {{kIdLabel, run.plan.id}}},
                     {"annotations", {{"ms2m.io/phase", to_string(Phase::preparing)}}}}},
                   {"spec",
                    {{"holderIdentity", holder},
                     {"acquireTime", micro_time()},
                     {"renewTime", micro_time()},
                     {"leaseDurationSeconds", 3600}}}};
  try {
    run.ports.cluster.create(ref, lease, {}, stop);
  } catch (Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    throw Error(ErrorKind::refused, fmt::format("another migration of pod {} has just begun", run.plan.source_pod),
                "wait for it; who it is: " + remedy::command(remedy::Command::check, run.request.place,
                                                             {run.plan.source_pod, run.plan.target_node, run.plan.ns}));
  }
}

}  // namespace

const Step step::take_lease{Phase::preparing, announce_lease, run_lease};

}  // namespace ms2m
