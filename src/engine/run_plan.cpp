// One migration from the first record of its journal to the last: the steps, or what follows when one fails.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/ids.hpp"
#include "engine/changes.hpp"
#include "engine/coordinator.hpp"
#include "engine/hooking.hpp"
#include "engine/lease.hpp"
#include "engine/lookout.hpp"
#include "handover/pivot_outcome.hpp"
#include "journal/history.hpp"
#include "journal/kube_flags.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "steps/guards.hpp"
#include "strategy/strategy.hpp"
#include "undo/apply.hpp"
#include "undo/consumer_operations.hpp"
#include "undo/stream_operations.hpp"

namespace ms2m {
namespace {

Json begin_record(const Move& move, const Provenance& provenance, const std::string& broker_name) {
  const Plan& plan = move.plan;
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
          {"kube", to_json(provenance.kube)},
          {"server", provenance.server},
          {"cluster_uid", provenance.cluster_uid},
          {"ssh_config", provenance.ssh_config},
          {"ssh_host", provenance.ssh_host},
          {"node_program", provenance.node_program},
          {"transfer", provenance.transfer},
          {"agent_namespace", provenance.agent_namespace},
          {"agent_address", provenance.agent_address},
          {"registry", provenance.registry},
          {"registry_ca", provenance.registry_ca},
          {"profile", provenance.profile},
          {"hooks", hooks_announced(move.request)},
          {"pid", static_cast<long>(::getpid())},
          {"host", host_name()},
          {"holder", fmt::format("{} ({})", process_name(), plan.id)}};
}

/// Every time in which nobody worked on the queue, in their order.
std::vector<Stretch> pauses_of(const Migration& migration) {
  const Plan& plan = migration.move.plan;
  const Timeline& times = migration.times;
  const auto& quiet = migration.source.since;
  std::vector<Stretch> pauses = migration.precopied.pauses;
  if (quiet && times.serving_again)
    pauses.push_back({"checkpoint on " + plan.source_node, *times.serving_again - *quiet});
  const auto& begin = times.fenced ? times.fenced : quiet;
  if (begin && times.target)
    pauses.push_back({fmt::format("{}hand-over to pod {} on {}",
                                  times.fenced || !plan.procedure.moves_memory() ? "" : "checkpoint, restore and ",
                                  plan.target_pod, plan.target_node),
                      *times.target - *begin});
  return pauses;
}

/// Nobody works on the queue.
bool stands_still(const Migration& migration) {
  return migration.source.since && (!migration.times.serving_again || migration.times.fenced);
}

/// How long the API server is asked who else is at it. Who was silent before, in which nobody works, will hardly
/// answer.
constexpr std::chrono::seconds kAsked{10}, kAskedInSilence{2};

}  // namespace

void tell_error(Outcome& outcome, const std::exception& error) {
  outcome.error = error.what();
  if (const auto* own = dynamic_cast<const Error*>(&error)) outcome.remedy = own->remedy();
  if (dynamic_cast<const Cancelled*>(&error) != nullptr) outcome.interrupted = true;
}

SourceAtWork source_of(const Migrator::Ports& ports, const Journal& journal) {
  if (const auto stopped = journal.effect_with<op::ResumeStream>())
    return [&ports, stream = stopped->operation](const StopToken& stop) { return reads_stream(ports, stream, stop); };
  const auto quiet = journal.effect_with<op::ResumeSource>();
  op::ResumeSource source = quiet ? quiet->operation : op::ResumeSource{};
  source.queue = journal.begin().value("queue", "");
  return [at_work = source_at_work(ports, source)](const StopToken& stop) mutable { return at_work.there(stop); };
}

void ask_carrier(Plan& plan, const Carrier& carrier, const Registry& registry) {
  const Unpack as = plan.procedure.by_handler() ? Unpack::restore : Unpack::layout;
  plan.target_landing = carrier.landing(plan.target_node, plan.id, as);
  plan.source_landing = carrier.landing(plan.source_node, plan.id, as);
  if (plan.procedure.carriage == Carriage::registry) plan.registry_name = registry.name(plan.id);
}

bool leads_forward(const Journal& journal) {
  return journal.marked(Mark::pivoted) && !journal.marked(Mark::turned_back);
}

void Migrator::Impl::fail(Migration& migration, Outcome& outcome, const std::exception& error) {
  timed->line.enter(Phase::finalizing);
  tell_error(outcome, error);
  migration.dials.close(fmt::format("too late: the move is being {}, because {}",
                                    leads_forward(migration.journal) ? "finished" : "undone",
                                    outcome.interrupted ? "it was interrupted" : "it has failed: " + outcome.error));
  outcome.failed_phase = outcome.phases.empty() ? Phase::preparing : outcome.phases.back().phase;
  const bool silent = dynamic_cast<const FellSilent*>(&error) != nullptr;
  migration.own.pump.reset();
  migration.own.valve.reset();  // what it held returns to its old place
  const Seconds limit = migration.move.request.timeouts.undo;
  // A copy that owns the queue, perhaps, would be lost when we end without the rest of its memory.
  if (migration.own.memory && migration.journal.marked(Mark::pivot_intent)) migration.own.memory->await_end();
  if (!migration.journal.marked(Mark::pivoted) && migration.journal.marked(Mark::pivot_intent)) {
    try {
      if (pivot_was_committed(ports, migration.move.plan.id, source_of(ports, migration.journal),
                              StopToken().within(std::chrono::seconds(90))))
        migration.journal.mark(Mark::pivoted);
    } catch (const std::exception& unknown) {
      outcome.result = Result::leftovers;
      outcome.resumable = true;
      outcome.serving = {
          .who = ServedBy::unknown,
          .why = fmt::format("whether the hand-over was committed could not be found out ({})", unknown.what())};
      outcome.leftovers = {
          {"the whole migration", remedy::command(remedy::Command::resume_migration, {}, {migration.move.plan.id})}};
      return;
    }
  }
  if (leads_forward(migration.journal)) {
    finish(migration.journal, outcome, limit, migration.handed);
  } else if (!give_way(migration, outcome, silent ? kAskedInSilence : kAsked)) {
    // Renewed while the source is brought back, which may have to finish its own queue first. Should that fail, the
    // broker does it.
    migration.own.memory.reset();
    undo(migration.journal, outcome, limit, [&] {
      if (migration.own.dead_man) migration.own.dead_man->stop_renewing();
    });
  }
}

bool Migrator::Impl::give_way(const Migration& migration, Outcome& outcome, std::chrono::seconds patience) {
  try {
    require_lease(ports.cluster, migration.journal, StopToken().within(patience));
    return false;
  } catch (const Error& error) {
    // Where the API server cannot be asked, the source must not wait for it: nobody is known to have taken over.
    if (error.kind() != ErrorKind::conflict) return false;
    if (migration.own.dead_man) migration.own.dead_man->stop_renewing();
    if (const auto effects = migration.journal.effects(); effects.size() == 1) {
      // It never had the lease, and has made nothing else.
      migration.journal.settled(effects.front().n, true, "another migration has it");
      migration.journal.end(Result::undone);
      outcome.result = Result::refused;
      return true;
    }
    outcome.error += fmt::format("{}{}", outcome.error.empty() ? "" : "; ", error.what());
    outcome.remedy = error.remedy();
    outcome.result = Result::leftovers;
    outcome.resumable = true;
    outcome.serving = {.who = ServedBy::unknown, .why = "that is for the other migration to say"};
    outcome.leftovers = {{"what migration " + migration.move.plan.id + " has made",
                          remedy::command(remedy::Command::clean_up, {}, {migration.move.plan.id})}};
    migration.journal.end(outcome.result);
    return true;
  }
}

namespace {

/// What a step meets may follow from what the guards watch (a session on a node is lost as well when ms2m was stopped);
/// then that is the cause. From the pivot's intent on the switch has nothing more to say.
Ran run_step(const Step& step, Migration& migration, const StopToken& stop) {
  try {
    return step.run(migration, stop);
  } catch (const Error&) {
    if (!migration.journal.marked(Mark::pivot_intent)) Guards{migration.own}.check();
    throw;
  }
}

Lookout::Kubelets kubelets_of(const Plan& plan) {
  const bool makes_checkpoint = plan.procedure.checkpoint == CheckpointBy::kubelet;
  return {makes_checkpoint ? plan.source_node : "", plan.target_node, plan.procedure.by_handler()};
}

/// As run_step(), under a lookout while nobody works on the queue: from the first such step to the last.
Ran run_watched(const Step& step, Migration& migration, std::optional<Lookout>& lookout, const StopToken& stop) {
  const Move& move = migration.move;
  if (step.no_way_back || migration.journal.marked(Mark::pivoted) || !stands_still(migration)) {
    lookout.reset();
    return run_step(step, migration, stop);
  }
  if (!lookout)
    lookout.emplace(migration.ports.cluster, migration.line, kubelets_of(move.plan), move.request.dead_man / 2, stop);
  try {
    return run_step(step, migration, lookout->token());
  } catch (const std::exception&) {  // it may follow from that
    const auto silence = lookout->silence();
    if (!silence || stop.stop_requested()) throw;
    if (!migration.journal.marked(Mark::pivot_intent)) Guards{migration.own}.check();
    throw *silence;
  }
}

}  // namespace

void Migrator::Impl::run_steps(Migration& migration, PhaseClock& phases, const StopToken& stop) {
  const Move& move = migration.move;
  std::optional<Lookout> lookout;
  for (const Step& step : steps_of(move.plan.procedure, move.request)) {
    // From the pivot on an interruption no longer turns back.
    const StopToken token = migration.journal.marked(Mark::pivoted) ? StopToken() : stop;
    phases.enter(step.phase, token);
    timed->line.enter(step.phase, step.wait);
    const Ran ran = run_watched(step, migration, lookout, token);
    if (step.begins) timed->line.begins(*step.begins);
    phases.note(ran.note);
    if (!ran.complete) return;  // what it lacks is made up for by finish()
    for (const Announced& line : step.announce(move)) {
      if (line.text.empty()) continue;
      Event event;
      event.type = Event::Type::step;
      event.phase = step.phase;
      event.text = line.text;
      observer.on(event);
    }
  }
}

void Migrator::Impl::carry_out(Migration& migration, Outcome& outcome, const StopToken& stop) {
  PhaseClock phases(observer, outcome.phases);
  run_steps(migration, phases, stop);
  phases.enter(Phase::finalizing, StopToken());
  timed->line.enter(Phase::finalizing);
  migration.own.dead_man.reset();
  migration.own.valve.reset();  // it must not pass for a consumer
  finish(migration.journal, outcome, migration.move.request.timeouts.retire, migration.handed);
  const bool turned_back = migration.journal.marked(Mark::turned_back);
  phases.finish(!outcome.leftovers.empty() ? "not everything could be cleaned up"
                : turned_back              ? "undone"
                                           : "source retired, nothing of ms2m left");
}

namespace {

/// Measures::served, reconnect, gap, source_pause and pauses. `before`: of the copy's second migration (identity.hpp),
/// whose end is the later one; of the two gaps the longer one.
void measure_times(const Migration& migration, TimePoint begin, const Measures& before, Measures& measures) {
  const Timeline& times = migration.times;
  const auto& quiet = migration.source.since;
  if (times.target) measures.served = *times.target - begin;
  if (before.served) measures.served = before.served;
  if (quiet && times.target) measures.gap = *times.target - (times.fenced ? *times.fenced : *quiet);
  if (measures.gap && before.gap) measures.gap = std::max(*measures.gap, *before.gap);
  if (quiet && (times.serving_again || times.target))
    measures.source_pause = (times.serving_again ? *times.serving_again : *times.target) - *quiet;
  measures.reconnect = migration.living.reconnect;
  if (!measures.frozen) measures.frozen = before.frozen;
  if (migration.precopied.rounds > 0) measures.precopied = migration.precopied.bytes;
  measures.precopy_travelled = migration.precopied.travelled;
  measures.pauses = pauses_of(migration);
  measures.pauses.insert(measures.pauses.end(), before.pauses.begin(), before.pauses.end());
}

/// What is known while it runs; once it was measured, all.
Outcome told_to_hook(const Migration& migration, const Outcome& outcome, TimePoint begin) {
  Outcome told = outcome;
  if (outcome.measures.total > Seconds{0}) return told;
  told.measures = migration.measures;
  told.measures.total = Clock::now() - begin;
  measure_times(migration, begin, outcome.measures, told.measures);
  const Plan& plan = migration.move.plan;
  if (migration.times.target) told.serving = {ServedBy::target, plan.ns, plan.target_pod, plan.target_node, true};
  return told;
}

}  // namespace

void Migrator::Impl::run_plan(const MigrationRequest& request, const Facts& facts, const Plan& plan,
                              const Provenance& provenance, Outcome& outcome, const StopToken& stop) {
  const std::string broker_name =
      ports.broker.cluster_name(stop.within(std::chrono::duration_cast<Millis>(request.timeouts.connect)));
  outcome.id = plan.id;
  outcome.target_pod = plan.target_pod;
  const Move move{plan, request, facts};
  const auto tell_watch = [this](EntryWatch::Point point) {
    if (beside.watch != nullptr) beside.watch->at("move", point);
  };
  tell_watch(EntryWatch::Point::begin);
  Journal journal = Journal::create(journals.root(), plan.id, begin_record(move, provenance, broker_name));
  journal.watched_by(beside.watch);
  const TimePoint begin = Clock::now();
  begun = begin;
  Dials nobody;
  Changes changes(beside.dials != nullptr ? *beside.dials : nobody, move, journal, begin);
  RunHooks run_hooks;
  Migration migration{ports, move, journal, observer, timed->line, changes.dials(), run_hooks};
  const auto so_far = [&] { return told_to_hook(migration, outcome, begin); };
  Hooking hooking(beside.hooks, request, journal, observer, outcome.hooks, so_far, stop);
  run_hooks = [&hooking](HookPoint at) { hooking.run(at); };
  MainLine::Run run(timed->line, begin);
  journal.timed_by(timed->line);
  if (!plan.is_rename) timed->depths.begin(begin, {plan.queue, move.names().target});
  outcome.result = Result::undone;
  try {
    tell_watch(EntryWatch::Point::begun);
    carry_out(migration, outcome, stop);
  } catch (const std::exception& error) {
    fail(migration, outcome, error);
  }
  const TimePoint end = Clock::now();
  outcome.changes = changes.end();
  migration.measures.total = end - begin;
  migration.measures.critical_path = run.path(end);
  if (!plan.is_rename) migration.measures.depths = timed->depths.end();
  measure_times(migration, begin, outcome.measures, migration.measures);
  outcome.measures = migration.measures;
  const bool moved = outcome.result == Result::done || outcome.result == Result::cleanup_incomplete;
  if (moved) hooking.run(HookPoint::after_pivot);                      // where it had to be finished first
  if (outcome.result != Result::refused) hooking.run(HookPoint::end);  // refused: another one's move is under way
  if (!request.hooks.empty()) outcome.outside.push_back({"hooks after its end", Clock::now() - end});
  if (moved && !plan.is_rename)
    History(journals.root())
        .add({plan.source_node, plan.target_node, kind_of(plan, request), facts.source.look.memory, outcome.phases});
}

}  // namespace ms2m
