#include "steps/movable.hpp"

#include "ms2m/error.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue) {
  std::vector<Finding> findings;
  check_consumer(consumer, queue, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

namespace {

void refuse_other_queues(const Run& run, const QueueFacts& queue) {
  std::vector<Finding> findings;
  check_other_queues(queue, run.facts.pod, run.request, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

}  // namespace

/// The broker's list of consumers is up to five seconds old: when the facts were read, one that had just connected was
/// not in it. A message that waits for its acknowledgement tells the most important thing, and at once.
void check_consumer_named(const Run& run, const StopToken& stop) {
  const std::string& queue = run.plan.queue;
  if (run.plan.is_rename) return;  // it is the one that the first half has looked at
  if (!run.facts.admin_version || !run.facts.queue || run.facts.queue->consumers.size() >= run.facts.depth->consumers)
    return;
  const bool exact_totals = run.facts.queue->type == "classic" && run.facts.depth->consumers == 1;
  const StopToken limit = stop.within(std::chrono::seconds(7));
  try {
    for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + queue)) {
      const auto facts = run.ports.admin.queue(queue, limit);
      for (const QueueConsumer& consumer : facts ? facts->consumers : std::vector<QueueConsumer>{})
        refuse_unmovable(consumer, queue);
      if (facts) refuse_other_queues(run, *facts);
      if (facts && facts->consumers.size() >= run.facts.depth->consumers) return;
      const auto totals = exact_totals ? run.ports.admin.totals(queue, limit) : std::nullopt;
      if (totals && totals->unacked > 0) return;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable) throw;
    run.warn("the management API does not name the consumer of " + queue +
                 ": whether it acknowledges by hand was not checked",
             "");
  }
}

}  // namespace ms2m
