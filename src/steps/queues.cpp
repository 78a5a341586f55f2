#include "steps/queues.hpp"

#include <fmt/format.h>

#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

Announced own_queue(const std::string& queue) {
  return {"declare queue " + queue, op::DeleteQueue{queue}, op::DeleteQueue{queue}};
}

/// Stale messages of an earlier pod of that name must not reach it. It stays after success. A pod that keeps its name
/// keeps its queue.
std::optional<Announced> target_control(const Plan& plan) {
  if (plan.target_control_queue == plan.source_control_queue) return std::nullopt;
  return Announced{"declare and empty queue " + plan.target_control_queue, op::DeleteQueue{plan.target_control_queue}};
}

Announced tee_of(const QueueNames& names) {
  return {"declare exchange " + names.tee, op::DeleteExchange{names.tee}, op::DeleteExchange{names.tee}};
}

/// Before the pivot, what is in the source's has left the primary; after it, what is in the target's.
std::vector<Announced> relay_queues(const Plan& plan, const QueueNames& names) {
  const op::DeleteQueue sources{names.source, true, plan.ns, plan.source_pod, plan.source_uid, plan.queue, names.tee};
  const op::DeleteQueue targets{names.target, true, plan.ns, plan.target_pod, "", plan.queue, names.tee};
  const std::string bound = " and bind it to exchange " + names.tee;
  return {{"declare queue " + names.source + bound, sources, op::DeleteQueue{names.source}},
          {"declare queue " + names.target + bound, op::DeleteQueue{names.target}, targets}};
}

}  // namespace

std::vector<Announced> DeclareQueues::announce(const Move& move) {
  const QueueNames names = move.names();
  std::vector<Announced> all{own_queue(names.hold), own_queue(names.pivot)};
  if (const auto control = target_control(move.plan)) all.push_back(*control);
  if (!move.plan.procedure.relays()) return all;
  all.push_back(tee_of(names));
  for (const Announced& each : relay_queues(move.plan, names)) all.push_back(each);
  return all;
}

namespace {

std::optional<Json> effective_policy(BrokerAdmin& admin, const std::string& queue, const StopToken& stop) {
  try {
    return admin.effective_policy(queue, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::forbidden) throw;
    return std::nullopt;
  }
}

/// Where the preflight could not tell what the policies make of ms2m's queues, the broker tells it of those that are
/// there.
void check_policies(const DeclareQueues& at, const std::vector<std::string>& queues, const StopToken& stop) {
  if (!at.move.facts.admin_version || at.move.facts.policy_on_ours) return;
  for (const std::string& queue : queues) {
    const auto policy = effective_policy(at.admin, queue, stop);
    if (!policy) {
      warn(at.observer,
           fmt::format("the broker does not say which policy acts on {}: what waits there could expire", queue),
           "look yourself: " + remedy::command(remedy::Command::list_policies, at.move.request.place));
      continue;
    }
    std::vector<Finding> findings;
    check_policy(*policy, at.move.plan.procedure, findings);
    for (const Finding& each : findings) {
      if (each.level == Level::refusal) throw Error(ErrorKind::refused, each.text, each.cure);
      warn(at.observer, each.text, each.cure);
    }
  }
}

void declare(const DeclareQueues& at, const std::string& queue, const Announced& announced, const StopToken& stop) {
  journal_announced(at.journal, Phase::preparing, announced);
  at.broker.declare_queue({queue, std::nullopt, std::nullopt}, stop);
}

void declare_relay(const DeclareQueues& at, const StopToken& stop) {
  const QueueNames names = at.move.names();
  journal_announced(at.journal, Phase::preparing, tee_of(names));
  at.broker.declare_fanout(names.tee, stop);
  const std::vector<Announced> announced = relay_queues(at.move.plan, names);
  const std::string queues[] = {names.source, names.target};
  for (std::size_t i = 0; i < announced.size(); ++i) {
    declare(at, queues[i], announced[i], stop);
    at.broker.bind_queue(queues[i], names.tee, "", stop);
  }
}

/// Asked of a queue that is there: what its virtual host makes of a declaration without a type.
void check_queue_type(const DeclareQueues& at, const StopToken& stop) {
  if (!at.move.plan.procedure.relays() || !at.move.facts.admin_version) return;
  const auto type = at.admin.queue_type(at.move.names().hold, stop);
  if (type && *type != "classic")
    throw Error(ErrorKind::failed,
                fmt::format("the broker makes {} queues of ms2m's own, and the relay needs classic ones: only of "
                            "those the numbers are exact at once",
                            *type),
                "use --strategy handoff, or set the virtual host's default queue type to classic");
}

}  // namespace

Ran DeclareQueues::run(const StopToken& stop) const {
  const QueueNames names = move.names();
  declare(*this, names.hold, own_queue(names.hold), stop);
  check_queue_type(*this, stop);
  declare(*this, names.pivot, own_queue(names.pivot), stop);
  if (const auto control = target_control(move.plan)) {
    declare(*this, move.plan.target_control_queue, *control, stop);
    broker.purge_queue(move.plan.target_control_queue, stop);
  }
  std::vector<std::string> told{names.hold};
  if (move.plan.procedure.relays()) {
    declare_relay(*this, stop);
    told.push_back(names.target);
  }
  check_policies(*this, told, stop);
  return {};
}

}  // namespace ms2m
