// Findings about the broker, the queue and its consumers.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

constexpr std::int64_t kLongMillis = 10 * 60 * 1000;  ///< no migration lasts that long
constexpr std::int64_t kMinuteMillis = 60 * 1000;
constexpr std::int64_t kManyMessages = 10'000;
constexpr std::int64_t kManyBytes = 100'000'000;

std::optional<std::int64_t> number(const Json& in, const std::string& key) {
  const auto found = in.find(key);
  if (found == in.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

/// Messages wait in ms2m's queues for the copy.
bool waits_in_ours(const Procedure& procedure) { return procedure.relays() || procedure.course == Course::fanout; }

/// What cannot be told now is asked again when the queues are there (steps/queues.cpp).
void check_policies(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (facts.procedure.course == Course::valve) return;  // no queue of ours
  if (facts.policy_on_ours) return check_policy(*facts.policy_on_ours, facts.procedure, out);
  if (waits_in_ours(facts.procedure) && facts.asked(Question::policies))
    out.push_back({"policy", Level::warning,
                   "the broker's policies may not be read, or the pattern of one cannot be judged: whether one makes "
                   "messages that wait for the copy expire is known only when ms2m's queues are there",
                   "give the broker's user the tag policymaker, or look yourself: " +
                       remedy::command(remedy::Command::list_policies, request.place)});
}

/// A message goes back to the queue whenever somebody leaves it: the source, and then the relay or the valve.
void check_returns(const QueueFacts& facts, const MigrationRequest& request, int times, std::vector<Finding>& out) {
  const auto argument = number(facts.arguments, "x-delivery-limit"), policy = number(facts.policy, "delivery-limit");
  if (!argument && !policy) return;
  std::int64_t most = argument ? *argument : *policy;
  if (argument && policy)
    most = std::min(*argument, *policy) < 0 ? std::max(*argument, *policy) : std::min(*argument, *policy);
  if (most < 0 || most > times) return;
  refuse(out, "queue-limits",
         fmt::format("{} has a delivery limit of {}, and a move can return a message {} times: one that the "
                     "application has returned too would be dropped",
                     request.queue, most, times),
         fmt::format("raise it above {}", times));
}

/// The published procedure tells the source nothing.
void check_control(const Facts& facts, std::vector<Finding>& out) {
  const Course course = facts.procedure.course;
  if (course == Course::valve || course == Course::fanout || facts.source_control ||
      !facts.asked(Question::control_queue))
    return;
  refuse(out, "protocol",
         fmt::format("there is no queue {}: the consumer does not follow the control protocol, or does not name its "
                     "control queue after /etc/hostname",
                     control_queue(pod_hostname(facts.pod))),
         "let the consumer declare and read it (ms2m-protocol(7)), or use --protocol none");
}

/// What the queue does with messages besides keeping them in order, by its arguments or by a policy.
void check_limits(const QueueFacts& facts, const MigrationRequest& request, const Procedure& procedure,
                  std::vector<Finding>& out) {
  const auto limit = [&](const std::string& key) {
    const auto argument = number(facts.arguments, "x-" + key), policy = number(facts.policy, key);
    return argument && policy ? std::min(*argument, *policy) : argument ? argument : policy;
  };
  const auto warn = [&](std::string text, const char* cure = "") {
    out.push_back({"queue-limits", Level::warning, std::move(text), cure});
  };
  const std::string& queue = request.queue;
  const bool shadow = procedure.relays();
  if (facts.arguments.contains("x-max-priority"))
    warn(fmt::format("{} is a priority queue: order is by priority, not by arrival", queue));
  if (shadow && (facts.arguments.contains("x-dead-letter-exchange") || facts.policy.contains("dead-letter-exchange")))
    warn(fmt::format("{} has a dead-letter exchange: what the consumer rejects while it is fed by the relay is "
                     "dropped, not dead-lettered",
                     queue),
         "use --strategy handoff if it may reject messages");
  // It is longer meanwhile than it would be without the move: nobody consumes it, or the relay is held back.
  if (const auto ttl = limit("message-ttl"); ttl && *ttl < kMinuteMillis)
    warn(fmt::format("messages in {} expire after {} ms, also while they wait for the move", queue, *ttl));
  for (const char* key : {"max-length", "max-length-bytes"})
    if (const auto most = limit(key))
      warn(fmt::format("{} has {} {}: it drops or refuses what is more, also what waits for the move", queue, key,
                       *most));
  // There are moments in every exact strategy when nobody consumes it: as long as a checkpoint takes, at least.
  const bool always_consumed = procedure.course == Course::valve || procedure.course == Course::fanout;
  if (const auto expires = limit("expires"); !always_consumed && expires && *expires < kLongMillis)
    refuse(out, "queue-limits",
           fmt::format("{} is deleted when nobody has consumed it for {} ms, and nobody may while the process moves",
                       queue, *expires),
           "raise its x-expires to ten minutes");
  if (facts.type == "quorum") check_returns(facts, request, procedure.renamed_later() ? 4 : 2, out);
}

/// What AMQP tells of the queue. false: what else could be said of it makes no sense.
bool check_depth(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const std::string& queue = request.queue;
  if (!facts.depth) {
    refuse(out, "queue", fmt::format("queue {} does not exist", queue),
           "name the queue that the pod consumes with --queue");
    return false;
  }
  // Consumers of a stream are not counted there.
  const bool stream = facts.procedure.of_stream() || (facts.queue && facts.queue->type == "stream");
  if (facts.depth->consumers == 0 && !stream) {
    refuse(out, "queue", fmt::format("nobody consumes queue {}", queue),
           "check that the pod is connected and that --queue and --broker are right; a consumer that fetches with "
           "basic.get must subscribe to be moved");
    return false;
  }
  check_control(facts, out);
  if (stream) return true;
  // The broker gives a standby what comes next as soon as the active one leaves, while that has unacknowledged ones
  // yet.
  if (facts.depth->consumers > 1 && facts.queue && is_single_active(*facts.queue))
    refuse(out, "consumers",
           fmt::format("queue {} has a single active consumer and {} on standby: one of these would take over, in the "
                       "middle of its messages and without its state, when the active one is made quiet",
                       queue, facts.depth->consumers - 1),
           "scale to one consumer for the move");
  else if (facts.depth->consumers > 1 && facts.procedure.course != Course::valve && !request.allow_competing)
    refuse(out, "consumers",
           fmt::format("queue {} has {} consumers: messages are shared among them, in no order", queue,
                       facts.depth->consumers),
           "scale to one consumer, or allow it with --allow-competing (then nothing is lost or doubled, but order is "
           "up to the broker)");
  out.push_back({"queue", Level::ok,
                 fmt::format("queue {}: {} ready, {} consumer(s), RabbitMQ {}", queue, facts.depth->ready,
                             facts.depth->consumers, facts.broker_version),
                 ""});
  return true;
}

void check_bindings(const Facts& facts, const std::string& queue, std::vector<Finding>& out) {
  if (facts.bindings && facts.bindings->empty())
    refuse(out, "queue", fmt::format("queue {} is bound to no exchange: there is nothing to fan out", queue),
           "the exact replay (the default) needs no exchange");
}

void check_queue(const QueueFacts& facts, const Procedure& procedure, const std::string& queue,
                 std::vector<Finding>& out) {
  const bool stream = facts.type == "stream";
  if (stream && !procedure.of_stream())
    refuse(out, "queue-type", fmt::format("{} is a stream: its consumer keeps its own offset", queue),
           "use --strategy replay");
  if (!stream && procedure.of_stream())
    refuse(out, "queue-type",
           fmt::format("{} is a {} queue: what was taken from it is gone, and no state can be made of it again", queue,
                       facts.type),
           "use --strategy shadow or handoff; replay is for streams");
  if (facts.exclusive)
    refuse(out, "queue-type", fmt::format("{} is exclusive to its connection", queue),
           "declare the queue without exclusive");
  if (facts.auto_delete)
    refuse(out, "queue-type", fmt::format("{} is auto-delete: it would vanish when its consumer leaves it", queue),
           "declare the queue without auto-delete");
  if (!facts.durable)
    out.push_back({"queue-type", Level::warning,
                   fmt::format("{} is not durable: a restart of the broker loses it, as without a migration", queue),
                   ""});
}

}  // namespace

bool is_single_active(const QueueFacts& queue) {
  const auto single = queue.arguments.find("x-single-active-consumer");
  return single != queue.arguments.end() && single->is_boolean() && single->get<bool>();
}

/// In shadow messages wait in ms2m's queues for the copy: one that expired or was pushed out is in the source's memory
/// only. Else there are a few control messages, and queues that nobody uses for a while.
void check_policy(const Json& definition, const Procedure& procedure, std::vector<Finding>& out) {
  const auto least = [&](const char* key, std::int64_t enough, const char* does) {
    const auto value = number(definition, key);
    if (value && *value < enough)
      refuse(out, "policy",
             fmt::format("a policy of the broker sets {} = {} for every queue, ms2m's own included: {}", key, *value,
                         does),
             "let its pattern leave out names that begin with \"ms2m.\"");
  };
  const bool waits = waits_in_ours(procedure);
  least("message-ttl", waits ? kLongMillis : kMinuteMillis, "what waits there could expire");
  least("expires", kLongMillis, "a queue could vanish before the copy comes to it");
  if (!waits) return;
  least("max-length", kManyMessages, "messages that wait for the copy could be dropped");
  least("max-length-bytes", kManyBytes, "messages that wait for the copy could be dropped");
  if (definition.contains("dead-letter-exchange"))
    out.push_back({"policy", Level::warning,
                   "a policy gives every queue a dead-letter exchange, ms2m's own included: what both copies reject "
                   "meanwhile is dead-lettered twice",
                   "use --strategy handoff if the consumer may reject messages"});
}

void check_broker(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!request.unresolved.empty()) return;  // nobody knows what to ask for, or whom
  check_broker_rights(facts.missing_broker_rights, request.queue, out);
  const bool answered = facts.asked(Question::broker) && facts.asked(Question::queue);
  if (answered && !check_depth(facts, request, out)) return;
  if (!facts.admin_version && facts.asked(Question::management))
    out.push_back({"management-api", facts.procedure.needs_management() ? Level::refusal : Level::warning,
                   "the broker's management API cannot be reached: acknowledgement mode, queue type, alarms and other "
                   "queues of the consumer are not checked",
                   "enable rabbitmq_management or name its address with --broker-api"});
  if (!facts.admin_version) return;
  for (const std::string& alarm : facts.alarms)
    refuse(out, "alarm", "the broker has an alarm: " + alarm, "cure it first: publishers are blocked");
  check_policies(facts, request, out);
  if (!facts.queue) return;
  check_queue(*facts.queue, facts.procedure, request.queue, out);
  check_bindings(facts, request.queue, out);
  if (!facts.procedure.of_stream()) check_limits(*facts.queue, request, facts.procedure, out);
  for (const QueueConsumer& consumer : facts.queue->consumers) check_consumer(consumer, request.queue, out);
  check_other_queues(*facts.queue, facts.pod, request, out);
}

void check_consumer(const QueueConsumer& consumer, const std::string& queue, std::vector<Finding>& out) {
  if (!consumer.ack_required)
    refuse(
        out, "ack-mode",
        fmt::format(
            "consumer {} of {} uses automatic acknowledgement: what it was sent cannot be told from what it has done",
            consumer.tag, queue),
        "let the application acknowledge after its state update");
  if (consumer.exclusive)
    refuse(out, "consumers",
           fmt::format("consumer {} of {} is an exclusive one: source and copy could not listen to the same queue",
                       consumer.tag, queue),
           "let the application consume without the exclusive flag; a queue with x-single-active-consumer serves one "
           "at a time too");
}

}  // namespace ms2m
