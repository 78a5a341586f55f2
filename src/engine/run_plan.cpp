// One migration from the first record of its journal to the last: the steps, or what follows when one fails.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine/coordinator.hpp"
#include "engine/lease.hpp"
#include "handover/arrival.hpp"
#include "handover/pivot_outcome.hpp"
#include "handover/queue_names.hpp"
#include "journal/history.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "strategy/strategy.hpp"
#include "undo/apply.hpp"
#include "undo/consumer_operations.hpp"

namespace ms2m {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

Json begin_record(const Plan& plan, const Provenance& provenance, const std::string& broker_name) {
  return {{"ns", plan.ns},
          {"source_pod", plan.source_pod},
          {"source_uid", plan.source_uid},
          {"source_node", plan.source_node},
          {"target_pod", plan.target_pod},
          {"target_node", plan.target_node},
          {"container", plan.container},
          {"queue", plan.queue},
          {"strategy", to_string(plan.procedure.strategy)},
          {"protocol", plan.procedure.protocol == Protocol::none ? "none" : "control"},
          {"broker", provenance.broker},
          {"broker_name", broker_name},
          {"vhost", provenance.vhost},
          {"kubeconfig", provenance.kubeconfig},
          {"context", provenance.context},
          {"server", provenance.server},
          {"cluster_uid", provenance.cluster_uid},
          {"ssh_config", provenance.ssh_config},
          {"ssh_host", provenance.ssh_host},
          {"node_program", provenance.node_program},
          {"pid", static_cast<long>(::getpid())},
          {"host", host_name()},
          {"holder", fmt::format("{}@{} pid {} ({})", ::getenv("USER") != nullptr ? ::getenv("USER") : "ms2m",
                                 host_name(), ::getpid(), plan.id)}};
}

/// Every time in which nobody worked on the queue, in their order.
std::vector<Stretch> pauses_of(const Run& run) {
  const Plan& plan = run.plan;
  std::vector<Stretch> pauses;
  if (run.quiet_at && run.serving_again_at)
    pauses.push_back({"checkpoint on " + plan.source_node, *run.serving_again_at - *run.quiet_at});
  const auto& begin = run.fenced_at ? run.fenced_at : run.quiet_at;
  if (begin && run.target_at)
    pauses.push_back({fmt::format("{}hand-over to pod {} on {}", run.fenced_at ? "" : "checkpoint, restore and ",
                                  plan.target_pod, plan.target_node),
                      *run.target_at - *begin});
  return pauses;
}

}  // namespace

void tell_error(Outcome& outcome, const std::exception& error) {
  outcome.error = error.what();
  if (const auto* own = dynamic_cast<const Error*>(&error)) outcome.remedy = own->remedy();
  if (dynamic_cast<const Cancelled*>(&error) != nullptr) outcome.interrupted = true;
}

AtWork source_of(const Migrator::Ports& ports, const Journal& journal) {
  const auto quiet = journal.effect_with<op::ResumeSource>();
  op::ResumeSource source = quiet ? quiet->operation : op::ResumeSource{};
  source.queue = journal.begin().value("queue", "");
  return source_at_work(ports, source);
}

bool leads_forward(const Journal& journal) {
  return journal.marked(Mark::pivoted) && !journal.marked(Mark::turned_back);
}

void Migrator::Impl::fail(Run& run, Outcome& outcome, const std::exception& error) {
  tell_error(outcome, error);
  outcome.failed_phase = outcome.phases.empty() ? Phase::preparing : outcome.phases.back().phase;
  run.pump.reset();
  run.valve.reset();  // what it held returns to its old place
  const Seconds limit = run.request.timeouts.undo;
  if (!run.journal.marked(Mark::pivoted) && run.journal.marked(Mark::pivot_intent)) {
    try {
      if (pivot_was_committed(ports, run.plan.id, source_of(ports, run.journal),
                              StopToken().within(std::chrono::seconds(90))))
        run.journal.mark(Mark::pivoted);
    } catch (const std::exception& unknown) {
      outcome.result = Result::leftovers;
      outcome.resumable = true;
      outcome.serving = {
          .who = ServedBy::unknown,
          .why = fmt::format("whether the hand-over was committed could not be found out ({})", unknown.what())};
      outcome.leftovers = {
          {"the whole migration", remedy::command(remedy::Command::resume_migration, {}, {run.plan.id})}};
      return;
    }
  }
  if (leads_forward(run.journal)) {
    finish(run.journal, outcome, limit, run.hand_over);
  } else if (!give_way(run, outcome)) {
    // Renewed while the source is brought back, which may have to finish its own queue first. Should that fail, the
    // broker does it.
    undo(run.journal, outcome, limit, [&] {
      if (run.dead_man) run.dead_man->stop_renewing();
    });
  }
}

bool Migrator::Impl::give_way(Run& run, Outcome& outcome) {
  try {
    require_lease(ports.cluster, run.journal, StopToken().within(std::chrono::seconds(10)));
    return false;
  } catch (const Error& error) {
    // Where the API server cannot be asked, the source must not wait for it: nobody is known to have taken over.
    if (error.kind() != ErrorKind::conflict) return false;
    if (run.dead_man) run.dead_man->stop_renewing();
    outcome.error += fmt::format("{}{}", outcome.error.empty() ? "" : "; ", error.what());
    outcome.remedy = error.remedy();
    outcome.result = Result::leftovers;
    outcome.resumable = true;
    outcome.serving = {.who = ServedBy::unknown, .why = "that is for the other migration to say"};
    outcome.leftovers = {
        {"what migration " + run.plan.id + " has made", remedy::command(remedy::Command::clean_up, {}, {run.plan.id})}};
    run.journal.end(outcome.result);
    return true;
  }
}

void Migrator::Impl::run_steps(Run& run, PhaseClock& phases, const StopToken& stop) {
  for (const Step& step : steps_of(run.plan.procedure, run.request)) {
    // From the pivot on an interruption no longer turns back.
    const StopToken token = run.journal.marked(Mark::pivoted) ? StopToken() : stop;
    phases.enter(step.phase, run.phase_note, token);
    step.run(run, token);
    if (run.incomplete) return;  // what it lacks is made up for by finish()
    for (const Announced& line : step.announce({run.plan, run.request, run.facts})) {
      if (line.text.empty()) continue;
      Event event;
      event.type = Event::Type::step;
      event.phase = step.phase;
      event.text = line.text;
      observer.on(event);
    }
  }
}

void Migrator::Impl::carry_out(Run& run, Outcome& outcome, const StopToken& stop) {
  PhaseClock phases(observer, outcome.phases);
  run_steps(run, phases, stop);
  phases.enter(Phase::finalizing, run.phase_note, StopToken());
  run.dead_man.reset();
  run.valve.reset();  // it must not pass for a consumer
  finish(run.journal, outcome, run.request.timeouts.retire, run.hand_over);
  const bool turned_back = run.journal.marked(Mark::turned_back);
  phases.finish(!outcome.leftovers.empty() ? "not everything could be cleaned up"
                : turned_back              ? "undone"
                                           : "source retired, nothing of ms2m left");
}

void Migrator::Impl::run_plan(const MigrationRequest& request, const Facts& facts, const Plan& plan,
                              const Provenance& provenance, Outcome& outcome, const StopToken& stop) {
  const std::string broker_name =
      ports.broker.cluster_name(stop.within(std::chrono::duration_cast<Millis>(request.timeouts.connect)));
  outcome.id = plan.id;
  outcome.target_pod = plan.target_pod;
  Journal journal = Journal::create(journals.root(), plan.id, begin_record(plan, provenance, broker_name));
  Run run{ports, request, facts, plan, journal, observer, queue_names(plan.id)};
  const TimePoint begin = Clock::now();
  outcome.result = Result::undone;
  try {
    carry_out(run, outcome, stop);
  } catch (const std::exception& error) {
    fail(run, outcome, error);
  }
  run.measures.total = Clock::now() - begin;
  if (run.quiet_at && run.target_at)
    run.measures.gap = *run.target_at - (run.fenced_at ? *run.fenced_at : *run.quiet_at);
  // Of two gaps (identity.hpp) the longer one.
  if (run.measures.gap && outcome.measures.gap) run.measures.gap = std::max(*run.measures.gap, *outcome.measures.gap);
  if (run.quiet_at && (run.serving_again_at || run.target_at))
    run.measures.source_pause = (run.serving_again_at ? *run.serving_again_at : *run.target_at) - *run.quiet_at;
  run.measures.pauses = pauses_of(run);
  run.measures.pauses.insert(run.measures.pauses.end(), outcome.measures.pauses.begin(), outcome.measures.pauses.end());
  outcome.measures = run.measures;
  const bool moved = outcome.result == Result::done || outcome.result == Result::cleanup_incomplete;
  if (moved && !plan.is_rename)
    History(journals.root())
        .add({plan.source_node, plan.target_node, kind_of(plan, request), facts.source.look.memory, outcome.phases});
}

}  // namespace ms2m
