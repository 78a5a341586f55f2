// identity.hpp's second half: a migration of its own, and its attempts.
#include <fmt/format.h>

#include <filesystem>

#include "engine/coordinator.hpp"
#include "engine/identity.hpp"
#include "journal/kube_flags.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "plan/planner.hpp"

namespace ms2m {

std::string Migrator::Impl::free_child(const op::Rename& o, Outcome& child) {
  for (int n = 2;; ++n) {
    const std::string id = fmt::format("{}-{}", o.id, n);
    if (!journals.find(id)) {
      std::filesystem::remove_all(journals.root() / id);  // it died before its first record
      return id;
    }
    child = recover(id, StopToken());
    if (child.result == Result::done || child.result == Result::cleanup_incomplete) return id;
    if (child.result != Result::undone || !child.error.empty())
      throw Error(ErrorKind::failed,
                  child.error.empty() ? "an earlier attempt could not be undone: " +
                                            (child.leftovers.empty() ? id : child.leftovers.front().what)
                                      : child.error,
                  child.remedy);
  }
}

bool Migrator::Impl::rename_copy(Journal& journal, const op::Rename& o, Outcome& outcome) {
  StepsOnly steps(observer);
  Impl inner{timed, journals, steps};
  Outcome child;
  child.result = Result::refused;
  const std::string id = inner.free_child(o, child);
  const auto taken = [&] { return child.result == Result::done || child.result == Result::cleanup_incomplete; };
  if (!taken()) {
    MigrationRequest request = identity_request(o);
    request.place = place_of(journal);
    const StopToken soon = StopToken().within(std::chrono::seconds(30));
    if (!ports.cluster.get({Kind::pod, request.ns, request.pod}, soon)) {
      // Nobody but an attempt whose journal was cleaned up since has made a pod of that name: there is no set.
      if (ports.cluster.get({Kind::pod, request.ns, request.target_name}, soon)) return true;
      outcome.error = fmt::format("the copy {} was lost before it could take the name {}: the set starts that anew",
                                  request.pod, request.target_name);
      return false;
    }
    const Facts facts = gather_facts(ports, request, StopToken().within(std::chrono::seconds(60)));
    Plan plan = identity_plan(o, request, facts, id);
    ask_carrier(plan, ports.carrier, ports.registry);
    // Two that are true of every copy: it is there already, and it disturbs a budget. What waits is weighed anew when
    // it is to become quiet: the broker's lists may still tell of the source.
    for (const Finding& finding : plan.findings)
      if (finding.level == Level::refusal && finding.check != "target-node" && finding.check != "disruption-budget" &&
          finding.check != "backlog")
        throw Error(ErrorKind::refused, finding.text, finding.cure);
    const Json& begin = journal.begin();
    child.ns = plan.ns;
    child.source_pod = plan.source_pod;
    child.source_node = child.target_node = plan.target_node;
    inner.run_plan(
        request, facts, plan,
        {begin.value("kubeconfig", ""), begin.value("context", ""), begin.value("broker", ""),
         begin.value("server", ""), begin.value("cluster_uid", ""), begin.value("vhost", "/"),
         begin.value("ssh_config", ""), begin.value("ssh_host", ""), begin.value("node_program", ""),
         begin.value("transfer", ""), begin.value("agent_namespace", ""), begin.value("agent_address", ""),
         begin.value("registry", ""), begin.value("registry_ca", ""), kube_flags_in(begin), begin.value("profile", "")},
        child, StopToken());
    if (!taken())
      throw Error(ErrorKind::failed, child.error.empty() ? to_string(child.serving) : child.error, child.remedy);
    if (begun && inner.begun && child.measures.served)
      outcome.measures.served = *inner.begun - *begun + *child.measures.served;
    outcome.measures.gap = child.measures.gap;
    outcome.measures.pauses = child.measures.pauses;
  }
  for (const Leftover& left : child.leftovers)
    outcome.leftovers.push_back({left.what, remedy::command(remedy::Command::clean_up, {}, {id})});
  return true;
}

void Migrator::Impl::forget_children(const Journal& journal) {
  if (!journal.effect_with<op::Rename>()) return;
  for (int n = 2;; ++n) {
    const std::string id = fmt::format("{}-{}", journal.begin().value("id", ""), n);
    const auto child = journals.find(id);
    if (!child) return;
    if (child->state == to_string(Result::done) || child->state == to_string(Result::undone)) journals.forget(id);
  }
}

}  // namespace ms2m
