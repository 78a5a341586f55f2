// The coordinator: plans, runs the strategy, and turns whatever happened into one Outcome.
#include "ms2m/migrator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <tuple>
#include <utility>

#include "base/ids.hpp"
#include "engine/coordinator.hpp"
#include "engine/hooking.hpp"
#include "engine/lease.hpp"
#include "engine/sweep.hpp"
#include "engine/who_serves.hpp"
#include "handover/arrival.hpp"
#include "handover/pivot_outcome.hpp"
#include "journal/history.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "plan/planner.hpp"
#include "preflight/preflight.hpp"
#include "strategy/strategy.hpp"
#include "undo/apply.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

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

/// Of the same pod on its way to the same place, in the same manner.
bool asks_the_same(const MigrationRequest& a, const MigrationRequest& b) {
  const auto key = [](const MigrationRequest& r) {
    return std::tie(r.ns, r.pod, r.container, r.target_node, r.target_name, r.queue, r.strategy, r.replay, r.from,
                    r.offset_command, r.protocol, r.prefer, r.kubelet, r.restore, r.checkpoint, r.pages, r.source_exit,
                    r.precopy, r.carriage);
  };
  return a.unresolved.empty() && b.unresolved.empty() && key(a) == key(b);
}

Plan checked(Plan plan, const Migrator::Ports& ports, const Facts& facts, const MigrationRequest& request) {
  ask_carrier(plan, ports.carrier, ports.registry);
  plan.findings = preflight(facts, request);
  if (!plan.queue.empty()) plan.steps = planned_steps({plan, request, facts});  // else nobody knows what they are about
  return plan;
}

}  // namespace

Migrator::Migrator(const Ports& ports, JournalStore journals, Observer& observer)
    : impl_(new Impl{std::make_shared<TimedPorts>(ports), std::move(journals), observer}) {}
Migrator::Migrator(const Ports& ports, JournalStore journals, Observer& observer, const Beside& beside)
    : Migrator(ports, std::move(journals), observer) {
  impl_->beside = beside;
}
Migrator::~Migrator() = default;

MigrationRequest Migrator::Impl::completed(const MigrationRequest& request) const {
  MigrationRequest full = request;
  if (full.ns.empty()) full.ns = ports.cluster.default_namespace();
  return full;
}

Facts Migrator::Impl::facts_for(const MigrationRequest& request, const StopToken& stop) {
  std::optional<Looked> last = std::exchange(looked, std::nullopt);
  if (last && Clock::now() - last->begun < Migrator::kFresh && asks_the_same(last->request, request))
    return std::move(last->facts);
  return gather_facts(ports, request, stop);
}

Plan Migrator::plan(const MigrationRequest& request, const StopToken& stop) {
  const MigrationRequest full = impl_->completed(request);
  const TimePoint begun = Clock::now();
  impl_->looked.reset();
  Facts facts = gather_facts(impl_->ports, full, stop);
  Plan plan =
      checked(make_plan(full, facts, new_id(), History(impl_->journals.root()).moves()), impl_->ports, facts, full);
  impl_->looked.emplace(Impl::Looked{full, std::move(facts), begun});
  return plan;
}

Outcome Migrator::migrate(const MigrationRequest& given, const Provenance& provenance, const StopToken& stop) {
  Outcome outcome;
  try {
    const MigrationRequest request = impl_->completed(given);
    if (!request.hooks.empty() && impl_->beside.hooks == nullptr)
      throw Error(ErrorKind::refused, "there is nobody to run a hook");
    outcome.ns = request.ns;
    outcome.source_pod = request.pod;
    outcome.target_node = request.target_node;
    outcome.queue = request.queue;
    outcome.strategy = to_string(request.strategy);
    outcome.result = Result::refused;
    const TimePoint begin = Clock::now();
    const Facts facts = impl_->facts_for(request, stop);
    outcome.outside.push_back({"preflight", Clock::now() - begin});
    outcome.strategy = to_string(facts.procedure.strategy);
    outcome.source_node = pod_node(facts.pod);
    outcome.serving = {ServedBy::source, outcome.ns, outcome.source_pod, outcome.source_node};
    const Plan plan = checked(make_plan(request, facts, new_id(), History(impl_->journals.root()).moves()),
                              impl_->ports, facts, request);
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
      std::vector<std::string> nodes;
      if (plan.procedure.moves_memory()) nodes = {plan.source_node, plan.target_node};
      sweep(impl_->ports, impl_->journals, {nodes, provenance.kubeconfig, provenance.context, provenance.broker},
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
    journal.watched_by(beside.watch);
    const JournalSummary summary = journals.find(id).value();
    outcome = outcome_of(summary);
    outcome.result = Result::refused;
    if (journal.ended() == Result::done || journal.ended() == Result::undone) {
      outcome.result = *journal.ended();
      tell_identity(journal, outcome);
      const bool there = leads_forward(journal) && outcome.target_pod != outcome.source_pod;  // or was for a while
      const bool own = journal.effect_with<op::ServeStream>().has_value();
      outcome.serving = outcome.result == Result::done || there ? target_serves(ports.cluster, outcome, own)
                                                                : source_serves(ports.cluster, outcome);
      return outcome;
    }
    require_same_broker(journal, ports.broker, stop.within(std::chrono::seconds(30)));
    if (journal.marked(Mark::pivot_intent) && !journal.marked(Mark::pivoted) &&
        pivot_was_committed(ports, id, source_of(ports, journal), stop.within(std::chrono::seconds(120))))
      journal.mark(Mark::pivoted);
    const bool forward =
        leads_forward(journal) && !must_turn_back(ports, journal, stop.within(std::chrono::minutes(4)));
    tell_missing_hooks(journal, observer, forward);
    if (forward) {
      finish(journal, outcome, Seconds(120), Handed::unknown);
    } else {
      require_lease(ports.cluster, journal, stop.within(std::chrono::seconds(30)));
      if (leads_forward(journal)) journal.mark(Mark::turned_back);
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
