// Without the control protocol: the source does nothing any more, and is no consumer, before its copy may exist.
#include "steps/freeze.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"
#include "steps/guards.hpp"
#include "steps/steps.hpp"
#include "steps/undisturbed.hpp"

namespace ms2m {

op::Frozen frozen_source(const Plan& plan, const std::string& instance) {
  return {plan.ns, plan.source_pod, plan.source_uid, plan.source_node, instance.substr(0, instance.find(' '))};
}

namespace {

Announced freeze_of(const Plan& plan, const op::Frozen& source) {
  return {
      fmt::format("freeze container {} on {} and close its connection to the broker", plan.container, plan.source_node),
      op::ThawSource{source, plan.queue, 0, plan.target_pod, plan.id}};
}

std::vector<Announced> announce_freeze(const Move& move) {
  return {freeze_of(move.plan, frozen_source(move.plan, ""))};
}

/// A source that is thawed after the copy may start would be a second owner, so the limit ends here. Had it been thawed
/// before, it is frozen again; what it did meanwhile shows: it is a consumer again, or not all of the
/// queue is behind the valve.
void stay_frozen(Run& run, const op::Frozen& source, const StopToken& stop) {
  if (!run.ports.processes.freeze(source.node, source.container, {std::nullopt, AtEnd::stay}, StopToken()))
    throw Error(ErrorKind::inconsistent, "the source ended while it was frozen");
  if (depth_of(run.ports.broker, run.plan.queue, stop).consumers > 1)
    throw Error(ErrorKind::inconsistent, "the source was thawed on its node before the copy could start");
  check_undisturbed(run, stop);
}

/// Afterwards the source does nothing and is no consumer; whatever it was sent by mistake is back in the queue.
void run_freeze(Run& run, const StopToken& given) {
  const StopToken stop = given.within(frozen_work(run.request));
  const Plan& plan = run.plan;
  const op::Frozen source = frozen_source(run.plan, run.source_instance);
  journal_announced(run, Phase::restoring, freeze_of(plan, source));
  if (!run.ports.processes.freeze(source.node, source.container, {freeze_limit(run.request), AtEnd::thaw}, stop))
    throw Error(ErrorKind::inconsistent,
                fmt::format("no process of container {:.20} runs on node {}", source.container, source.node));
  check_undisturbed(run, stop);
  try {
    run.ports.admin.close_connection(run.source_connection, stop);
  } catch (Error& error) {
    if (error.kind() == ErrorKind::forbidden)
      error.with_remedy(
          "use the application's own broker user, or one with the tag administrator: only they may close its "
          "connection");
    throw;
  }
  wait_for_depth(
      run.ports.broker, plan.queue, [](const QueueDepth& d) { return d.consumers <= 1; },
      "waiting for the source's consumer to go", stop.within(std::chrono::seconds(10)));
  check_guards(run);
  stay_frozen(run, source, stop);
  run.tell(Phase::restoring, fmt::format("pod {} is frozen and its connection closed", plan.source_pod));
}

}  // namespace

const Step step::freeze_source{Phase::restoring, announce_freeze, run_freeze};

}  // namespace ms2m
