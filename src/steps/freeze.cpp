#include "steps/freeze.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"

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

}  // namespace

std::vector<Announced> FreezeSource::announce(const Move& move) {
  return {freeze_of(move.plan, frozen_source(move.plan, ""))};
}

Ran FreezeSource::run(const StopToken& given) const {
  const StopToken stop = given.within(frozen_work(move.request));
  const Plan& plan = move.plan;
  const op::Frozen frozen = frozen_source(plan, source.instance);
  journal_announced(journal, Phase::restoring, freeze_of(plan, frozen));
  if (!processes.freeze(frozen.node, frozen.container, {freeze_limit(move.request), AtEnd::thaw}, stop))
    throw Error(ErrorKind::inconsistent,
                fmt::format("no process of container {:.20} runs on node {}", frozen.container, frozen.node));
  undisturbed.check(stop);
  try {
    admin.close_connection(connection.name, stop);
  } catch (Error& error) {
    if (error.kind() == ErrorKind::forbidden)
      error.with_remedy(
          "use the application's own broker user, or one with the tag administrator: only they may close its "
          "connection");
    throw;
  }
  wait_for_depth(
      broker, plan.queue, [](const QueueDepth& d) { return d.consumers <= 1; },
      "waiting for the source's consumer to go", stop.within(std::chrono::seconds(10)));
  guards.check();
  tell(observer, Phase::restoring, fmt::format("pod {} is frozen and its connection closed", plan.source_pod));
  return {};
}

}  // namespace ms2m
