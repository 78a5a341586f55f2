// ms2m's own queues, and the target's control queue.
#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "preflight/preflight.hpp"
#include "steps/steps.hpp"

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
std::vector<Announced> relay_queues(const QueueNames& names) {
  return {{"declare queue " + names.source, op::DeleteQueue{names.source, true}, op::DeleteQueue{names.source}},
          {"declare queue " + names.target, op::DeleteQueue{names.target}, op::DeleteQueue{names.target, true}}};
}

std::vector<Announced> announce_queues(const Move& move) {
  const QueueNames names = queue_names(move.plan.id);
  std::vector<Announced> all{own_queue(names.hold), own_queue(names.pivot)};
  if (const auto control = target_control(move.plan)) all.push_back(*control);
  if (!move.plan.procedure.relays()) return all;
  all.push_back(tee_of(names));
  for (const Announced& each : relay_queues(names)) all.push_back(each);
  return all;
}

std::optional<Json> effective_policy(Run& run, const std::string& queue, const StopToken& stop) {
  try {
    return run.ports.admin.effective_policy(queue, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::forbidden) throw;
    return std::nullopt;
  }
}

/// Where the preflight could not tell what the policies make of ms2m's queues, the broker tells it of those that are
/// there.
void check_policies(Run& run, const std::vector<std::string>& queues, const StopToken& stop) {
  if (!run.facts.admin_version || run.facts.policy_on_ours) return;
  for (const std::string& queue : queues) {
    const auto policy = effective_policy(run, queue, stop);
    if (!policy) {
      run.warn(fmt::format("the broker does not say which policy acts on {}: what waits there could expire", queue),
               "look yourself: " + remedy::command(remedy::Command::list_policies, run.request.place));
      continue;
    }
    std::vector<Finding> findings;
    check_policy(*policy, run.plan.procedure, findings);
    for (const Finding& each : findings) {
      if (each.level == Level::refusal) throw Error(ErrorKind::refused, each.text, each.cure);
      run.warn(each.text, each.cure);
    }
  }
}

void declare(Run& run, const std::string& queue, const Announced& announced, const StopToken& stop) {
  journal_announced(run, Phase::preparing, announced);
  run.ports.broker.declare_queue({queue, std::nullopt, std::nullopt}, stop);
}

void declare_relay(Run& run, const StopToken& stop) {
  journal_announced(run, Phase::preparing, tee_of(run.names));
  run.ports.broker.declare_fanout(run.names.tee, stop);
  const std::vector<Announced> announced = relay_queues(run.names);
  const std::string queues[] = {run.names.source, run.names.target};
  for (std::size_t i = 0; i < announced.size(); ++i) {
    declare(run, queues[i], announced[i], stop);
    run.ports.broker.bind_queue(queues[i], run.names.tee, "", stop);
  }
}

/// Asked of a queue that is there: what its virtual host makes of a declaration without a type.
void check_queue_type(const Run& run, const StopToken& stop) {
  if (!run.plan.procedure.relays() || !run.facts.admin_version) return;
  const auto type = run.ports.admin.queue_type(run.names.hold, stop);
  if (type && *type != "classic")
    throw Error(ErrorKind::failed,
                fmt::format("the broker makes {} queues of ms2m's own, and the relay needs classic ones: only of "
                            "those the numbers are exact at once",
                            *type),
                "use --strategy handoff, or set the virtual host's default queue type to classic");
}

void run_queues(Run& run, const StopToken& stop) {
  declare(run, run.names.hold, own_queue(run.names.hold), stop);
  check_queue_type(run, stop);
  declare(run, run.names.pivot, own_queue(run.names.pivot), stop);
  if (const auto control = target_control(run.plan)) {
    declare(run, run.plan.target_control_queue, *control, stop);
    run.ports.broker.purge_queue(run.plan.target_control_queue, stop);
  }
  if (!run.plan.procedure.relays()) return check_policies(run, {run.names.hold}, stop);
  declare_relay(run, stop);
  check_policies(run, {run.names.hold, run.names.target}, stop);
}

}  // namespace

const Step step::declare_queues{Phase::preparing, announce_queues, run_queues};

}  // namespace ms2m
