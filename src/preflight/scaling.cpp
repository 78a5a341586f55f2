// Findings about what changes the number of the owner's pods by itself.
#include <fmt/format.h>

#include "plan/autoscalers.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_scaling(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto workload = scaled_workload(facts);
  if (!workload) return;
  const std::vector<Autoscaler> active = active_autoscalers(facts, *workload, request.place);
  for (const Autoscaler& scaler : active)
    out.push_back({"autoscaler", Level::warning,
                   fmt::format("{} changes the number of pods of {} {}: messages wait while the pod moves, so it may "
                               "start one more in the middle, which ends the move, or stop one afterwards",
                               scaler.words, workload->kind, workload->name),
                   fmt::format("pause it: {}; afterwards: {}", scaler.pause, scaler.resume)});
  if (active.empty() && facts.autoscalers_read)
    out.push_back({"autoscaler", Level::ok,
                   fmt::format("nothing changes the number of pods of {} {} now{}", workload->kind, workload->name,
                               facts.keda_served ? "" : " (this cluster has no KEDA)"),
                   ""});
}

}  // namespace ms2m
