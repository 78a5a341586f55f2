#include "steps/movable.hpp"

#include <algorithm>

#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue) {
  std::vector<Finding> findings;
  check_consumer(consumer, queue, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

namespace {

bool unnamed_here(const QueueFacts& facts) {
  return std::any_of(facts.consumers.begin(), facts.consumers.end(),
                     [](const QueueConsumer& each) { return each.connection.empty(); });
}

bool unnamed_elsewhere(const QueueFacts& facts) {
  return std::any_of(facts.elsewhere.begin(), facts.elsewhere.end(), [](const OtherConsumer& each) {
    return each.connection.empty() && !each.queue.starts_with("ms2m.");
  });
}

/// Who else reads a stream does not matter, and a reader that was killed may be listed for good, without a connection.
bool names_source_of_stream(const QueueFacts& facts, const Json& pod) {
  const std::vector<std::string> addresses = own_addresses_of(pod);
  const bool seen = std::any_of(facts.consumers.begin(), facts.consumers.end(), [&](const QueueConsumer& each) {
    return std::find(addresses.begin(), addresses.end(), each.peer_host) != addresses.end();
  });
  return (seen || (!facts.consumers.empty() && !unnamed_here(facts))) && !unnamed_elsewhere(facts);
}

}  // namespace

bool has_unnamed(const QueueFacts& facts) { return unnamed_here(facts) || unnamed_elsewhere(facts); }

namespace {

std::vector<Finding> other_queues(const Move& move, const QueueFacts& queue) {
  std::vector<Finding> findings;
  check_other_queues(queue, move.facts.pod, move.request, findings);
  return findings;
}

}  // namespace

void look_at_other_queues(const Move& move, const QueueFacts& queue, Observer& observer) {
  const std::vector<Finding> findings = other_queues(move, queue);
  if (findings.empty()) return;
  const Finding& finding = findings.front();
  if (finding.level == Level::refusal) throw Error(ErrorKind::refused, finding.text, finding.cure);
  if (!move.facts.queue || other_queues(move, *move.facts.queue).empty()) warn(observer, finding.text, finding.cure);
}

void warn_of_unnamed(const std::string& queue, Observer& observer) {
  warn(observer,
       "the management API does not say of each consumer where it is connected: whether that of " + queue +
           " takes messages from other queues, too, was not checked",
       "");
}

/// The broker's list of consumers is up to five seconds old: when the facts were read, one that had just connected was
/// not in it. A message that waits for its acknowledgement tells the most important thing, and at once.
void check_consumer_named(const Move& move, BrokerAdmin& admin, Observer& observer, const StopToken& stop) {
  const std::string& queue = move.plan.queue;
  if (move.plan.is_rename) return;  // it is the one that the first half has looked at
  if (!move.facts.admin_version || !move.facts.queue) return;
  const auto all_listed = [&](const QueueFacts& facts) {
    return facts.consumers.size() >= move.facts.depth->consumers;
  };
  const auto all_named = [&](const QueueFacts& facts) {
    if (facts.type == "stream") return names_source_of_stream(facts, move.facts.pod);
    return all_listed(facts) && !has_unnamed(facts);
  };
  if (all_named(*move.facts.queue)) return;
  const bool exact_totals = move.facts.queue->type == "classic" && move.facts.depth->consumers == 1;
  const StopToken limit = stop.within(kNamedWithin);
  bool listed = false;
  try {
    for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + queue)) {
      const auto facts = admin.queue(queue, limit);
      for (const QueueConsumer& consumer : facts ? facts->consumers : std::vector<QueueConsumer>{})
        refuse_unmovable(consumer, queue);
      listed = facts && all_listed(*facts);
      if (facts && all_named(*facts)) return look_at_other_queues(move, *facts, observer);
      const auto totals = exact_totals && !listed ? admin.totals(queue, limit) : std::nullopt;
      if (!totals || totals->unacked == 0) continue;
      if (facts) look_at_other_queues(move, *facts, observer);
      return;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable) throw;
    if (listed) return warn_of_unnamed(queue, observer);
    warn(observer,
         "the management API does not name the consumer of " + queue +
             ": whether it acknowledges by hand was not checked",
         "");
  }
}

}  // namespace ms2m
