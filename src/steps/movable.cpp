#include "steps/movable.hpp"

#include "ms2m/error.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue) {
  std::vector<Finding> findings;
  check_consumer(consumer, queue, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

void refuse_other_queues(const Move& move, const QueueFacts& queue) {
  std::vector<Finding> findings;
  check_other_queues(queue, move.facts.pod, move.request, findings);
  if (!findings.empty() && findings.front().level == Level::refusal)
    throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

/// The broker's list of consumers is up to five seconds old: when the facts were read, one that had just connected was
/// not in it. A message that waits for its acknowledgement tells the most important thing, and at once.
void check_consumer_named(const Move& move, BrokerAdmin& admin, Observer& observer, const StopToken& stop) {
  const std::string& queue = move.plan.queue;
  if (move.plan.is_rename) return;  // it is the one that the first half has looked at
  if (!move.facts.admin_version || !move.facts.queue ||
      move.facts.queue->consumers.size() >= move.facts.depth->consumers)
    return;
  const bool exact_totals = move.facts.queue->type == "classic" && move.facts.depth->consumers == 1;
  const StopToken limit = stop.within(std::chrono::seconds(7));
  try {
    for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + queue)) {
      const auto facts = admin.queue(queue, limit);
      for (const QueueConsumer& consumer : facts ? facts->consumers : std::vector<QueueConsumer>{})
        refuse_unmovable(consumer, queue);
      if (facts) refuse_other_queues(move, *facts);
      if (facts && facts->consumers.size() >= move.facts.depth->consumers) return;
      const auto totals = exact_totals ? admin.totals(queue, limit) : std::nullopt;
      if (totals && totals->unacked > 0) return;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable) throw;
    warn(observer,
         "the management API does not name the consumer of " + queue +
             ": whether it acknowledges by hand was not checked",
         "");
  }
}

}  // namespace ms2m
