// The coordinator: plans, runs the strategy, and turns whatever happened into one Outcome.
#include "ms2m/migrator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>

#include "migration/identity.hpp"
#include "migration/planner.hpp"
#include "migration/settle.hpp"
#include "migration/strategies.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

Json begin_record(const Plan& plan, const MigrationRequest& request, const Provenance& provenance, const std::string& id) {
  return {{"ns", plan.ns}, {"source_pod", plan.source_pod}, {"source_uid", plan.source_uid}, {"source_node", plan.source_node},
          {"target_pod", plan.target_pod}, {"target_node", plan.target_node}, {"container", plan.container}, {"queue", plan.queue},
          {"strategy", to_string(request.strategy)}, {"protocol", request.protocol == Protocol::none ? "none" : "control"}, {"broker", provenance.broker}, {"kubeconfig", provenance.kubeconfig}, {"context", provenance.context},
          {"pid", static_cast<long>(::getpid())}, {"host", host_name()},
          {"holder", fmt::format("{}@{} pid {} ({})", ::getenv("USER") != nullptr ? ::getenv("USER") : "ms2m", host_name(), ::getpid(), id)}};
}

std::string serving(const char* kind, const std::string& ns, const std::string& pod, const std::string& node) {
  return fmt::format("{} pod {}/{} on {}", kind, ns, pod, node);
}

/// Finish operations by priority: up to kServing they bring the target to work, up to kRetired the source goes, then what
/// ms2m made is removed, from kNodes on what is on the nodes, and last the lease.
constexpr int kServing = 10, kRetired = 20, kQueues = 50, kNodes = 60, kLease = 90, kAll = 1000;

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

/// Consumers of the primary besides the source, as the journal has it.
std::uint64_t competing(const Journal& journal) {
  const auto effect = journal.effect_with("resume_source");
  return effect ? effect->undo.value("others", std::uint64_t{0}) : 0;
}

/// Once the copy has taken the source's name, that is who serves.
void tell_identity(const Journal& journal, Outcome& outcome) {
  const auto effect = journal.effect_with("take_identity");
  if (effect && effect->settled) outcome.target_pod = outcome.source_pod;
}

/// True while the pod's owner is not what it was: gone, or smaller. What brings it back is named among what is left.
bool tell_owner(const Journal& journal, Outcome& outcome) {
  bool missing = false;
  for (const Effect& effect : journal.effects()) {
    const std::string name = effect.finish.is_object() ? effect.finish.value("op", "") : "";
    if (effect.settled || (name != "recreate_set" && name != "scale_up" && name != "take_identity")) continue;
    missing = true;
    const std::string what = describe(effect.finish);
    const bool named = std::any_of(outcome.leftovers.begin(), outcome.leftovers.end(), [&](const Leftover& left) { return left.what.rfind(what, 0) == 0; });
    if (!named) outcome.leftovers.push_back({what, "ms2m resume " + journal.begin().value("id", "ID")});
  }
  return missing;
}

/// What follows from the journal: to finish, or to undo.
bool leads_forward(const Journal& journal) { return journal.marked("pivoted") && !journal.marked("turned_back"); }

void tell_error(Outcome& outcome, const std::exception& error) {
  outcome.error = error.what();
  if (const auto* own = dynamic_cast<const Error*>(&error)) outcome.remedy = own->remedy();
  if (dynamic_cast<const Cancelled*>(&error) != nullptr) outcome.interrupted = true;
}

}  // namespace

struct Migrator::Impl {
  Ports ports;
  JournalStore journals;
  Observer& observer;

  MigrationRequest completed(const MigrationRequest& request) const {
    MigrationRequest full = request;
    if (full.ns.empty()) full.ns = ports.cluster.default_namespace();
    return full;
  }

  void carry_out(Run& run, Outcome& outcome, const StopToken& stop);
  void fail(Run& run, Outcome& outcome, const std::exception& error);
  void finish(Journal& journal, Outcome& outcome, Seconds limit);
  void undo(Journal& journal, Outcome& outcome, Seconds limit, const std::function<void()>& source_decided = {});
  std::string who_serves(const Outcome& outcome, bool target, const std::string& uid = "");
  void tell_who_serves(Outcome& outcome);
  void carry_out_in_place(Run& run, Outcome& outcome, const StopToken& stop);
  void run_plan(const MigrationRequest& request, const Facts& facts, const Plan& plan, const Provenance& provenance, Outcome& outcome, const StopToken& stop);
  bool take_identity(Journal& journal, const Json& operation, Outcome& outcome);
  std::string free_child(const Json& operation, Outcome& child);
  void forget_children(const Journal& journal);
  Outcome recover(const std::string& id, const StopToken& stop);
};

Migrator::Migrator(const Ports& ports, JournalStore journals, Observer& observer)
    : impl_(new Impl{ports, std::move(journals), observer}) {}
Migrator::~Migrator() = default;

Plan Migrator::plan(const MigrationRequest& request, const StopToken& stop) {
  MigrationRequest full = impl_->completed(request);
  const Facts facts = gather_facts(impl_->ports, full, stop);
  full.strategy = effective_strategy(full, facts);
  return make_plan(full, facts, new_id());
}

void Migrator::Impl::finish(Journal& journal, Outcome& outcome, Seconds limit) {
  bool lost = false;
  Operations operations(ports, [&](const Json& operation, const StopToken&) { lost = !take_identity(journal, operation, outcome); });
  const auto stage = [&](int from, int upto, bool stop_at_failure) {
    Settlement settled = settle(journal, Direction::finish, operations, observer, {limit, from, upto, stop_at_failure});
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.leftovers.clear();
  outcome.serving.clear();
  if (stage(0, kServing, true)) {
    // The source's termination takes its time; what is to be removed on the nodes does not depend on it. But a copy that is to
    // be copied once more must have nothing of the first time left there.
    const auto clean_nodes = [&] { return settle(journal, Direction::finish, operations, observer, {limit, kNodes, kLease - 1, false}); };
    std::future<Settlement> cleaning;
    Settlement cleaned;
    if (journal.effect_with("take_identity"))
      cleaned = clean_nodes();
    else
      cleaning = std::async(std::launch::async, clean_nodes);
    // A source that loses the hold queue could go back to the primary: its queues go only after it.
    if (stage(kServing + 1, kRetired, true)) stage(kRetired + 1, kNodes - 1, false);
    if (cleaning.valid()) cleaned = cleaning.get();
    for (Leftover& left : cleaned.left) outcome.leftovers.push_back(std::move(left));
    if (outcome.leftovers.empty()) stage(kLease, kAll, false);
  } else {
    outcome.serving = "nobody: the hand-over is not complete";
  }
  tell_identity(journal, outcome);
  const bool owner_missing = tell_owner(journal, outcome);
  if (outcome.leftovers.empty()) forget_children(journal);
  outcome.resumable = !outcome.leftovers.empty();
  const bool served = outcome.serving.rfind("nobody", 0) != 0;
  outcome.result = outcome.leftovers.empty() ? Result::done : served && !owner_missing ? Result::cleanup_incomplete : Result::leftovers;
  if (served) tell_who_serves(outcome);
  if (lost && outcome.result == Result::done) outcome.result = Result::undone;
  journal.end(outcome.result);
}

/// Who has the queue as far as the cluster can tell: the pod that the journal says owns it, if it is there. `uid`: what it had;
/// under another one it is what its controller has started in its place.
std::string Migrator::Impl::who_serves(const Outcome& outcome, bool target, const std::string& uid) {
  const std::string& name = target ? outcome.target_pod : outcome.source_pod;
  std::string node = target ? outcome.target_node : outcome.source_node, anew;
  try {
    const auto pod = ports.cluster.get({Kind::pod, outcome.ns, name}, StopToken().within(std::chrono::seconds(10)));
    if (!pod) return fmt::format("nobody: pod {}/{} is gone", outcome.ns, name);
    node = pod_node(*pod);
    if (!uid.empty() && pod_uid(*pod) != uid) anew = ", started anew: the pod that was to be moved is gone";
    const std::string phase = pod->value("status", Json::object()).value("phase", "Pending");
    if (phase != "Running") return fmt::format("nobody: pod {}/{} on {} is {}{}", outcome.ns, name, node, phase, anew);
  } catch (const Error&) {
    // Cannot be asked; the broker saw it consume.
  }
  // A StatefulSet's pod has the same name everywhere.
  const bool there = outcome.source_pod == outcome.target_pod ? node == outcome.target_node : target;
  return serving(there ? "target" : "source", outcome.ns, name, node) + anew;
}

/// A StatefulSet's pod whose restore failed on the target is back on the source node, under the same name.
void Migrator::Impl::tell_who_serves(Outcome& outcome) {
  outcome.serving = who_serves(outcome, true);
  const bool elsewhere = outcome.target_pod == outcome.source_pod && outcome.serving.rfind("source", 0) == 0;
  if (!elsewhere) return;
  if (outcome.result == Result::done) outcome.result = Result::undone;
  if (outcome.error.empty()) outcome.error = fmt::format("the restore on {} failed; the process was brought back on {}", outcome.target_node, outcome.source_node);
}

/// `source_decided` is called when the source is back, or could not be brought back.
void Migrator::Impl::undo(Journal& journal, Outcome& outcome, Seconds limit, const std::function<void()>& source_decided) {
  Operations operations(ports);
  const auto stage = [&](int from, int upto, bool stop_at_failure) {
    Settlement settled = settle(journal, Direction::undo, operations, observer, {limit, from, upto, stop_at_failure});
    for (auto& text : settled.done) outcome.undone.push_back(std::move(text));
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.undone.clear();
  outcome.leftovers.clear();
  const bool back = stage(0, kRetired, true);
  if (source_decided) source_decided();
  stage(kRetired + 1, kQueues - 1, false);
  // While the source is not back, its queues and the dead man's switch, which sends it back, must stay.
  if (back) stage(kQueues, kNodes - 1, false);
  stage(kNodes, kLease - 1, false);
  if (outcome.leftovers.empty()) stage(kLease, kAll, false);
  outcome.result = outcome.leftovers.empty() ? Result::undone : Result::leftovers;
  outcome.resumable = !outcome.leftovers.empty();
  const char* nobody = journal.begin().value("protocol", "") == "none"
                           ? "nobody for certain: the source could not be thawed; ms2m resume does it"
                           : "nobody for certain: the source could not be sent back; the dead man's switch will, if it is armed";
  outcome.serving = back ? who_serves(outcome, false, journal.begin().value("source_uid", "")) : nobody;
  journal.end(outcome.result);
}

void Migrator::Impl::fail(Run& run, Outcome& outcome, const std::exception& error) {
  tell_error(outcome, error);
  outcome.failed_phase = outcome.phases.empty() ? Phase::preparing : outcome.phases.back().phase;
  run.pump.reset();
  run.valve.reset();  // what it held returns to its old place
  const Seconds limit = run.request.timeouts.undo;
  if (!run.journal.marked("pivoted") && run.journal.marked("pivot_intent")) {
    try {
      if (pivot_was_committed(ports, run.plan.id, run.plan.queue, competing(run.journal), StopToken().within(std::chrono::seconds(90)))) run.journal.mark("pivoted");
    } catch (const std::exception& unknown) {
      outcome.result = Result::leftovers;
      outcome.resumable = true;
      outcome.serving = fmt::format("unknown: whether the hand-over was committed could not be found out ({})", unknown.what());
      outcome.leftovers = {{"the whole migration", "ms2m resume " + run.plan.id}};
      return;
    }
  }
  if (leads_forward(run.journal)) {
    finish(run.journal, outcome, limit);
  } else {
    // Renewed while the source is brought back, which may have to finish its own queue first. Should that fail, the broker does it.
    undo(run.journal, outcome, limit, [&] {
      if (run.dead_man) run.dead_man->stop_renewing();
    });
  }
}

/// The copy takes the source's name: what follows the pivot is in the journal alone, and is carried out here phase by phase.
void Migrator::Impl::carry_out_in_place(Run& run, Outcome& outcome, const StopToken& stop) {
  const bool sequential = run.request.strategy == Strategy::sequential;
  sequential ? run_sequential(run, outcome.phases, stop) : run_set_handoff(run, outcome.phases, stop);
  Operations operations(ports);
  const auto settled = [&](int upto) { return settle(run.journal, Direction::finish, operations, observer, {run.request.timeouts.restore, 0, upto, true}).left.empty(); };
  {
    PhaseScope scope(run, Phase::restoring, outcome.phases, StopToken());
    if (!settled(kServing - 1)) return;
    scope.note(sequential ? "the source's own termination awaited, restored under its name" : "set orphaned, source gone, restored under its name");
  }
  PhaseScope scope(run, Phase::replaying, outcome.phases, StopToken());
  // The source is gone and the copy on hold: what the valve held goes back before anybody takes it.
  if (run.valve) run.valve->open();
  if (!settled(kServing)) return;
  run.target_at = Clock::now();
  scope.note(fmt::format("{} messages had waited in {}", *run.measures.held, run.plan.queue));
}

void Migrator::Impl::carry_out(Run& run, Outcome& outcome, const StopToken& stop) {
  if (run.request.protocol == Protocol::none)
    run_uncontrolled(run, outcome.phases, stop);
  else if (run.request.replay == Replay::fanout)
    run_fanout(run, outcome.phases, stop);
  else if (run.request.strategy == Strategy::sequential || (run.plan.workload == Workload::stateful_set && run.request.strategy == Strategy::handoff))
    carry_out_in_place(run, outcome, stop);
  else if (run.request.strategy == Strategy::shadow)
    run_shadow(run, outcome.phases, stop);
  else
    run_handoff(run, outcome.phases, stop);
  PhaseScope scope(run, Phase::finalizing, outcome.phases, StopToken());
  run.dead_man.reset();
  // A phase of the hand-over may have ended early: what it lacks is made up for now, and the valve must not pass for a consumer.
  run.valve.reset();
  finish(run.journal, outcome, run.request.timeouts.retire);
  scope.note(outcome.leftovers.empty() ? "source retired, nothing of ms2m left" : "not everything could be cleaned up");
}

/// The migration itself, from its journal's first record to its last.
void Migrator::Impl::run_plan(const MigrationRequest& request, const Facts& facts, const Plan& plan, const Provenance& provenance, Outcome& outcome, const StopToken& stop) {
  outcome.id = plan.id;
  outcome.target_pod = plan.target_pod;
  Journal journal = Journal::create(journals.root(), plan.id, begin_record(plan, request, provenance, plan.id));
  Run run{ports, request, facts, plan, journal, observer, queue_names(plan.id)};
  const TimePoint begin = Clock::now();
  outcome.result = Result::undone;
  try {
    carry_out(run, outcome, stop);
  } catch (const std::exception& error) {
    fail(run, outcome, error);
  }
  run.measures.total = Clock::now() - begin;
  if (run.quiet_at && run.target_at) run.measures.gap = *run.target_at - (run.fenced_at ? *run.fenced_at : *run.quiet_at);
  // Of two gaps (identity.hpp) the longer one.
  if (run.measures.gap && outcome.measures.gap) run.measures.gap = std::max(*run.measures.gap, *outcome.measures.gap);
  if (run.quiet_at && (run.serving_again_at || run.target_at))
    run.measures.source_pause = (run.serving_again_at ? *run.serving_again_at : *run.target_at) - *run.quiet_at;
  outcome.measures = run.measures;
}

/// An attempt that died is brought to its end first: then `child` says that the name was taken, or a new attempt can be made
/// under the id that is returned.
std::string Migrator::Impl::free_child(const Json& o, Outcome& child) {
  for (int n = 2;; ++n) {
    const std::string id = fmt::format("{}-{}", o.at("id").get<std::string>(), n);
    if (!journals.find(id)) {
      std::filesystem::remove_all(journals.root() / id);  // it died before its first record
      return id;
    }
    child = recover(id, StopToken());
    if (child.result == Result::done || child.result == Result::cleanup_incomplete) return id;
    if (child.result != Result::undone || !child.error.empty())
      throw Error(ErrorKind::failed, child.error.empty() ? "an earlier attempt could not be undone: " + (child.leftovers.empty() ? id : child.leftovers.front().what) : child.error,
                  child.remedy);
  }
}

/// False: the copy is lost, and with it the state, as when a node dies without a migration.
bool Migrator::Impl::take_identity(Journal& journal, const Json& o, Outcome& outcome) {
  StepsOnly steps(observer);
  Impl inner{ports, journals, steps};
  Outcome child;
  child.result = Result::refused;
  const std::string id = inner.free_child(o, child);
  const auto taken = [&] { return child.result == Result::done || child.result == Result::cleanup_incomplete; };
  if (!taken()) {
    const MigrationRequest request = identity_request(o);
    const StopToken soon = StopToken().within(std::chrono::seconds(30));
    if (!ports.cluster.get({Kind::pod, request.ns, request.pod}, soon)) {
      // Nobody but an attempt whose journal was cleaned up since has made a pod of that name: there is no set.
      if (ports.cluster.get({Kind::pod, request.ns, request.target_name}, soon)) return true;
      outcome.error = fmt::format("the copy {} was lost before it could take the name {}: the set starts that anew", request.pod, request.target_name);
      return false;
    }
    const Facts facts = gather_facts(ports, request, StopToken().within(std::chrono::seconds(60)));
    const Plan plan = identity_plan(o, request, facts, id);
    for (const Finding& finding : plan.findings)  // two that are true of every copy: it is there already, and it disturbs a budget
      if (finding.level == Level::refusal && finding.check != "target-node" && finding.check != "disruption-budget")
        throw Error(ErrorKind::refused, finding.text, finding.cure);
    const Json& begin = journal.begin();
    child.ns = plan.ns;
    child.source_pod = plan.source_pod;
    child.source_node = child.target_node = plan.target_node;
    inner.run_plan(request, facts, plan, {begin.value("kubeconfig", ""), begin.value("context", ""), begin.value("broker", "")}, child, StopToken());
    if (!taken()) throw Error(ErrorKind::failed, child.error.empty() ? child.serving : child.error, child.remedy);
    outcome.measures.gap = child.measures.gap;
  }
  for (const Leftover& left : child.leftovers) outcome.leftovers.push_back({left.what, "ms2m cleanup " + id});
  return true;
}

void Migrator::Impl::forget_children(const Journal& journal) {
  if (!journal.effect_with("take_identity")) return;
  for (int n = 2;; ++n) {
    const std::string id = fmt::format("{}-{}", journal.begin().value("id", ""), n);
    const auto child = journals.find(id);
    if (!child) return;
    if (child->state == to_string(Result::done) || child->state == to_string(Result::undone)) journals.forget(id);
  }
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
    const Facts facts = gather_facts(impl_->ports, request, stop);
    request.strategy = effective_strategy(request, facts);
    outcome.strategy = to_string(request.strategy);
    outcome.source_node = pod_node(facts.pod);
    outcome.serving = serving("source", outcome.ns, outcome.source_pod, outcome.source_node);
    const Plan plan = make_plan(request, facts, new_id());
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
    if (journal.ended() && (*journal.ended() == to_string(Result::done) || *journal.ended() == to_string(Result::undone))) {
      outcome.result = *journal.ended() == to_string(Result::done) ? Result::done : Result::undone;
      tell_identity(journal, outcome);
      outcome.serving = who_serves(outcome, outcome.result == Result::done);
      return outcome;
    }
    if (journal.marked("pivot_intent") && !journal.marked("pivoted") &&
        pivot_was_committed(ports, id, summary.queue, competing(journal), stop.within(std::chrono::seconds(120))))
      journal.mark("pivoted");
    if (leads_forward(journal) && must_turn_back(ports, journal, stop.within(std::chrono::minutes(4)))) journal.mark("turned_back");
    if (leads_forward(journal))
      finish(journal, outcome, Seconds(120));
    else
      undo(journal, outcome, Seconds(60));
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
    outcomes.push_back(impl_->recover(each, stop));
    const Outcome& outcome = outcomes.back();
    if (outcome.error.empty() && (outcome.result == Result::done || outcome.result == Result::undone)) impl_->journals.forget(each);
  }
  return outcomes;
}

}  // namespace ms2m
