// The coordinator: plans, runs the strategy, and turns whatever happened into one Outcome.
#include "ms2m/migrator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "engine/coordinator.hpp"
#include "engine/lease.hpp"
#include "engine/sweep.hpp"
#include "engine/who_serves.hpp"
#include "handover/arrival.hpp"
#include "handover/pivot_outcome.hpp"
#include "handover/queue_names.hpp"
#include "journal/history.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "plan/planner.hpp"
#include "preflight/preflight.hpp"
#include "strategy/strategy.hpp"
#include "undo/settle.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

Json begin_record(const Plan& plan, const MigrationRequest& request, const Provenance& provenance,
                  const std::string& broker_name, const std::string& id) {
  return {{"ns", plan.ns},
          {"source_pod", plan.source_pod},
          {"source_uid", plan.source_uid},
          {"source_node", plan.source_node},
          {"target_pod", plan.target_pod},
          {"target_node", plan.target_node},
          {"container", plan.container},
          {"queue", plan.queue},
          {"strategy", to_string(request.strategy)},
          {"protocol", request.protocol == Protocol::none ? "none" : "control"},
          {"broker", provenance.broker},
          {"broker_name", broker_name},
          {"vhost", provenance.vhost},
          {"kubeconfig", provenance.kubeconfig},
          {"context", provenance.context},
          {"server", provenance.server},
          {"cluster_uid", provenance.cluster_uid},
          {"ssh_config", provenance.ssh_config},
          {"ssh_host", provenance.ssh_host},
          {"pid", static_cast<long>(::getpid())},
          {"host", host_name()},
          {"holder", fmt::format("{}@{} pid {} ({})", ::getenv("USER") != nullptr ? ::getenv("USER") : "ms2m",
                                 host_name(), ::getpid(), id)}};
}

Outcome outcome_of(const JournalSummary& s) {
  Outcome o;
  o.id = s.id;
  o.strategy = s.strategy;
  o.ns = s.ns;
  o.source_pod = s.source_pod;
  o.source_node = s.source_node;
  o.target_pod = s.target_pod;
  o.target_node = s.target_node;
  o.queue = s.queue;
  return o;
}

/// The source at the primary, as the journal has it.
AtWork source_of(const Migrator::Ports& ports, const Journal& journal) {
  const auto quiet = journal.effect_with<op::ResumeSource>();
  const op::ResumeSource source = quiet ? quiet->operation : op::ResumeSource{};
  return {ports.broker, ports.admin, journal.begin().value("queue", ""), source.others, source.addresses};
}

/// What follows from the journal: to finish, or to undo.
bool leads_forward(const Journal& journal) { return journal.marked("pivoted") && !journal.marked("turned_back"); }

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

/// Its address alone may lead to another broker by now (a forwarded port, say).
void require_same_broker(const Journal& journal, Broker& broker, const StopToken& stop) {
  const std::string then = journal.begin().value("broker_name", "");
  if (then.empty()) return;
  const std::string now = broker.cluster_name(stop);
  if (then == now) return;
  throw Error(ErrorKind::refused,
              fmt::format("the migration was made on broker {} of the cluster {}, and what answers there is {}",
                          journal.begin().value("broker", ""), then, now.empty() ? "another one" : now),
              "let that address lead to the same broker again; if it was renamed since: " +
                  remedy::command(remedy::Command::name_broker, {}, {then}));
}

Plan checked(Plan plan, const Facts& facts, const MigrationRequest& request) {
  plan.findings = preflight(facts, request);
  if (!plan.queue.empty()) plan.steps = planned_steps({plan, request, facts});  // else nobody knows what they are about
  return plan;
}

void tell_error(Outcome& outcome, const std::exception& error) {
  outcome.error = error.what();
  if (const auto* own = dynamic_cast<const Error*>(&error)) outcome.remedy = own->remedy();
  if (dynamic_cast<const Cancelled*>(&error) != nullptr) outcome.interrupted = true;
}

}  // namespace

Migrator::Migrator(const Ports& ports, JournalStore journals, Observer& observer)
    : impl_(new Impl{ports, std::move(journals), observer}) {}
Migrator::~Migrator() = default;

MigrationRequest Migrator::Impl::completed(const MigrationRequest& request) const {
  MigrationRequest full = request;
  if (full.ns.empty()) full.ns = ports.cluster.default_namespace();
  return full;
}

Plan Migrator::plan(const MigrationRequest& request, const StopToken& stop) {
  MigrationRequest full = impl_->completed(request);
  const Facts facts = gather_facts(impl_->ports, full, stop);
  return checked(make_plan(full, facts, new_id(), History(impl_->journals.root()).moves()), facts, full);
}

void Migrator::Impl::fail(Run& run, Outcome& outcome, const std::exception& error) {
  tell_error(outcome, error);
  outcome.failed_phase = outcome.phases.empty() ? Phase::preparing : outcome.phases.back().phase;
  run.pump.reset();
  run.valve.reset();  // what it held returns to its old place
  const Seconds limit = run.request.timeouts.undo;
  if (!run.journal.marked("pivoted") && run.journal.marked("pivot_intent")) {
    try {
      if (pivot_was_committed(ports, run.plan.id, source_of(ports, run.journal),
                              StopToken().within(std::chrono::seconds(90))))
        run.journal.mark("pivoted");
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
    const StopToken token = run.journal.marked("pivoted") ? StopToken() : stop;
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
  const bool turned_back = run.journal.marked("turned_back");
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
  Journal journal =
      Journal::create(journals.root(), plan.id, begin_record(plan, request, provenance, broker_name, plan.id));
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
  if (moved && !plan.second_half)
    History(journals.root())
        .add({plan.source_node, plan.target_node, kind_of(plan, request), facts.source.look.memory, outcome.phases});
}

Outcome Migrator::migrate(const MigrationRequest& given, const Provenance& provenance, const StopToken& stop) {
  Outcome outcome;
  try {
    MigrationRequest request = impl_->completed(given);
    outcome.ns = request.ns;
    outcome.source_pod = request.pod;
    outcome.target_node = request.target_node;
    outcome.queue = request.queue;
    outcome.strategy = to_string(request.strategy);
    outcome.result = Result::refused;
    const TimePoint begin = Clock::now();
    const Facts facts = gather_facts(impl_->ports, request, stop);
    outcome.outside.push_back({"preflight", Clock::now() - begin});
    request.strategy = facts.procedure.strategy;
    outcome.strategy = to_string(request.strategy);
    outcome.source_node = pod_node(facts.pod);
    outcome.serving = {ServedBy::source, outcome.ns, outcome.source_pod, outcome.source_node};
    const Plan plan = checked(make_plan(request, facts, new_id()), facts, request);
    for (const Finding& finding : plan.findings) {
      if (finding.level == Level::refusal) throw Error(ErrorKind::refused, finding.text, finding.cure);
      if (finding.level == Level::warning) {
        Event event;
        event.type = Event::Type::warning;
        event.text = finding.text;
        event.remedy = finding.cure;
        impl_->observer.on(event);
      }
    }
    impl_->run_plan(request, facts, plan, provenance, outcome, stop);
    if (outcome.result == Result::done) {
      const TimePoint ended = Clock::now();
      sweep(impl_->ports, impl_->journals,
            {{plan.source_node, plan.target_node}, provenance.kubeconfig, provenance.context, provenance.broker},
            StopToken());
      outcome.outside.push_back({"removing what earlier moves left", Clock::now() - ended});
    }
  } catch (const std::exception& error) {
    tell_error(outcome, error);
  }
  return outcome;
}

Outcome Migrator::Impl::recover(const std::string& id, const StopToken& stop) {
  Outcome outcome;
  outcome.id = id;
  outcome.result = Result::refused;
  try {
    Journal journal = Journal::open(journals.root(), id);
    const JournalSummary summary = journals.find(id).value();
    outcome = outcome_of(summary);
    outcome.result = Result::refused;
    if (journal.ended() == Result::done || journal.ended() == Result::undone) {
      outcome.result = *journal.ended();
      tell_identity(journal, outcome);
      outcome.serving = outcome.result == Result::done ? target_serves(ports.cluster, outcome)
                                                       : source_serves(ports.cluster, outcome);
      return outcome;
    }
    require_same_broker(journal, ports.broker, stop.within(std::chrono::seconds(30)));
    if (journal.marked("pivot_intent") && !journal.marked("pivoted") &&
        pivot_was_committed(ports, id, source_of(ports, journal), stop.within(std::chrono::seconds(120))))
      journal.mark("pivoted");
    const bool forward =
        leads_forward(journal) && !must_turn_back(ports, journal, stop.within(std::chrono::minutes(4)));
    if (forward) {
      finish(journal, outcome, Seconds(120), Handed::unknown);
    } else {
      require_lease(ports.cluster, journal, stop.within(std::chrono::seconds(30)));
      if (leads_forward(journal)) journal.mark("turned_back");
      undo(journal, outcome, Seconds(60));
    }
    outcome.resumable = !outcome.leftovers.empty();
  } catch (const std::exception& error) {
    tell_error(outcome, error);
  }
  return outcome;
}

Outcome Migrator::abort(const std::string& id, const StopToken& stop) { return impl_->recover(id, stop); }
Outcome Migrator::resume(const std::string& id, const StopToken& stop) { return impl_->recover(id, stop); }

std::vector<Outcome> Migrator::cleanup(const std::string& id, const StopToken& stop) {
  std::vector<Outcome> outcomes;
  std::vector<std::string> ids;
  if (!id.empty())
    ids.push_back(id);
  else
    for (const JournalSummary& summary : impl_->journals.list()) ids.push_back(summary.id);
  for (const std::string& each : ids) {
    const auto summary = impl_->journals.find(each);
    outcomes.push_back(impl_->recover(each, stop));
    const Outcome& outcome = outcomes.back();
    if (outcome.error.empty() && (outcome.result == Result::done || outcome.result == Result::undone))
      impl_->journals.forget(each);
    if (summary && outcome.result != Result::refused)
      sweep(impl_->ports, impl_->journals,
            {{summary->source_node, summary->target_node}, summary->kubeconfig, summary->context, summary->broker},
            stop);
  }
  return outcomes;
}

}  // namespace ms2m
