#include "cli/strays.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "cli/reach.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

constexpr std::chrono::seconds kAnswer{10};
constexpr std::chrono::seconds kPatience{60};  ///< for all of one migration

/// As if they had a journal: whose they are, and which pods lead to their broker.
std::map<std::string, JournalSummary> strays_in(const Context& context, Cluster& cluster, const JournalSummary& here) {
  std::map<std::string, JournalSummary> all;
  const auto of = [&](const Json& object) -> JournalSummary& {
    JournalSummary& one = all.try_emplace(migration_of(object), here).first->second;
    one.id = migration_of(object);
    return one;
  };
  for (const Json& object : cluster.list(Kind::lease, here.ns, kIdLabel, "", context.stop.within(kAnswer))) {
    const std::string name = name_of(object);
    if (name.starts_with("ms2m-")) of(object).source_pod = name.substr(5);
  }
  for (const Json& object : cluster.list(Kind::pod, here.ns, kIdLabel, "", context.stop.within(kAnswer)))
    of(object).target_pod = name_of(object);
  all.erase("");
  return all;
}

Outcome untold(const JournalSummary& stray, const Error& error) {
  Outcome outcome;
  outcome.id = stray.id;
  outcome.ns = stray.ns;
  outcome.source_pod = stray.source_pod;
  outcome.result = Result::refused;
  outcome.error = error.what();
  outcome.remedy = error.remedy();
  return outcome;
}

}  // namespace

Strays find_strays(const Context& context, const std::vector<JournalSummary>& journals, bool remove) {
  const KubeReach kube = kube_reach(context.globals, context.environment, context.config);
  const auto cluster = context.backend.cluster(kube_options(kube), context.stop);
  const ClusterIdentity identity = cluster->identity(context.stop.within(kAnswer));
  JournalSummary here;
  here.kubeconfig = kube.kubeconfig;
  here.context = kube.context;
  here.kube = flags_of(kube);
  here.ns = cluster->default_namespace();
  here.server = identity.server;
  here.cluster_uid = identity.uid.value_or("");

  RemnantQuestion question{here.ns, "", {}, remove, {}};
  for (const JournalSummary& journal : journals) question.known.push_back(journal.id);
  auto strays = strays_in(context, *cluster, here);
  for (const std::string& id : question.known) strays.erase(id);

  Strays all;
  const auto ask = [&](const Session& session) {
    question.place = {session.provenance.kubeconfig, session.provenance.context, session.provenance.vhost,
                      session.provenance.kube};
    for (Remnant& one : session.engine->find_remnants(question, context.stop.within(kPatience)))
      all.found.push_back(std::move(one));
  };
  for (const auto& [id, stray] : strays) {
    question.migration = id;
    question.known.push_back(id);
    try {
      ask(reopen_session(context, stray, "cleanup"));
    } catch (const Error& error) {
      all.untold.push_back(untold(stray, error));
    }
  }
  question.migration.clear();
  try {
    const Session session = reopen_session(context, here, "cleanup", BrokerUse::if_there);
    if (session.broker_trouble) throw Error(*session.broker_trouble);
    ask(session);
  } catch (const Error& error) {
    note(context, std::string("whether queues of migrations are left of which nothing here tells was not looked at: ") +
                      error.what());
  }
  return all;
}

}  // namespace ms2m::cli
