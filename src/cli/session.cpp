#include "cli/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "cli/broker_choice.hpp"
#include "cli/keys.hpp"
#include "cli/reach.hpp"
#include "cli/same_cluster.hpp"
#include "kube/objects/pod_spec.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m::cli {

namespace {

std::vector<BrokerSource> broker_sources(const Context& context) {
  const auto file = [&context](const std::string& key) {
    const std::string origin = origin_of(context.config, key);
    return origin == context.config.path ? origin : fmt::format("{} of {}", origin, context.config.path);
  };
  return {{"--broker", "--queue", context.globals.broker},
          {"MS2M_BROKER", "MS2M_QUEUE", reach_of(context.environment).broker},
          {file("broker"), file("queue"), context.config.broker}};
}

PodLookups lookups_in(const Context& context, std::shared_ptr<Cluster> cluster, const std::string& ns, Seconds limit) {
  const auto reader = [&context, cluster = std::move(cluster), ns, limit](Kind kind) {
    return [&context, cluster, ns, kind, limit](const std::string& name) {
      return cluster->get({kind, ns, name}, context.stop.within(std::chrono::duration_cast<Millis>(limit)));
    };
  };
  return {reader(Kind::secret), reader(Kind::config_map)};
}

std::string absolute(const std::string& path) { return path.empty() ? "" : std::filesystem::absolute(path).string(); }

/// A file or a list of them, wherever it was named, so that another directory and another environment find the same.
std::string kubeconfig_of(const Context& context, const std::string& given) {
  if (!given.empty()) return absolute(given);
  std::string list;
  std::istringstream names(context.environment.get("KUBECONFIG").value_or(""));
  for (std::string name; std::getline(names, name, ':');)
    if (!name.empty()) list += (list.empty() ? "" : ":") + absolute(name);
  if (!list.empty()) return list;
  return context.environment.get("HOME").value_or("") + "/.kube/config";
}

/// So that abort finds the same cluster and nodes again, whatever the current context is then, and knows them.
Provenance provenance_of(const Context& context, const ClusterIdentity& cluster, const KubeReach& kube,
                         const SshOptions& ssh) {
  Provenance provenance;
  provenance.kube = flags_of(kube);
  if (!cluster.context.empty() || !kube.cluster.empty() || !kube.user.empty())
    provenance.kubeconfig = kubeconfig_of(context, kube.kubeconfig);
  provenance.context = cluster.context;
  provenance.server = cluster.server;
  provenance.cluster_uid = cluster.uid.value_or("");
  provenance.ssh_config = absolute(ssh.config);
  provenance.ssh_host = ssh.host;
  provenance.node_program = absolute(ssh.node_program);
  provenance.transfer = ssh.transfer;
  provenance.agent_namespace = ssh.agent_namespace;
  provenance.agent_address = ssh.agent_address;
  provenance.registry = ssh.registry;
  provenance.registry_ca = absolute(ssh.registry_ca);
  provenance.profile = context.config.profile;
  if (!cluster.uid)
    warn(context,
         "you may not read namespace kube-system: abort and resume would know this cluster by its address alone",
         "grant it with examples/rbac.yaml");
  return provenance;
}

void warn_about_secrets(const Context& context) {
  if (has_password(context.globals.broker.uri))
    warn(context, "the password in --broker can be read by every user of this machine while ms2m runs",
         "leave it out and set MS2M_BROKER_PASSWORD, or write it to config.yaml");
  if (context.config.exposed_secret)
    warn(context, context.config.path + " holds a password and can be read by others",
         remedy::command(remedy::Command::make_private, {}, {context.config.path}));
}

}  // namespace

void warn_about_kubeconfig(const Context& context) {
  if (!kubeconfig_over_file(context.globals, context.environment, context.config)) return;
  warn(context,
       fmt::format("KUBECONFIG goes over the kubeconfig of {}, and nothing of the cluster is taken from there",
                   origin_of(context.config, "kubeconfig")),
       "unset KUBECONFIG, or name the file with --kubeconfig");
}

namespace {

BrokerQuestion question_about(const Context& context, const std::shared_ptr<Cluster>& cluster, const Json& pod,
                              const std::string& ns, Seconds limit) {
  BrokerQuestion question;
  question.sources = broker_sources(context);
  question.pod = pod;
  question.lookups = lookups_in(context, cluster, ns, limit);
  question.parse_uri = [&context](std::string_view uri) { return context.backend.parse_broker_uri(uri); };
  return question;
}

void tell_choice(const Context& context, const BrokerChoice& choice) {
  if (!choice.address_origin.empty())
    note(context,
         fmt::format("broker {}:{}, from {}", choice.address.host, choice.address.port, choice.address_origin));
  if (!choice.queue.empty()) note(context, fmt::format("queue {}, from {}", choice.queue, choice.queue_origin));
}

/// An address for adapters that nobody asks.
BrokerAddress nobody() {
  BrokerAddress address;
  address.host = "unknown.invalid";
  return address;
}

/// The one that the migration was made on.
BrokerAddress broker_of(const Context& context, Session& session, const JournalSummary& journal, Seconds limit) {
  // Source and target have the same environment; either may be gone by now, and both while a StatefulSet changes hands.
  Json pod = Json::object();
  for (const auto& name : {journal.source_pod, journal.target_pod})
    if (!name.empty() && pod.empty())
      pod = session.cluster
                ->get({Kind::pod, journal.ns, name}, context.stop.within(std::chrono::duration_cast<Millis>(limit)))
                .value_or(Json::object());
  if (pod.empty() && journal.pod.is_object()) pod = journal.pod;
  BrokerQuestion question = question_about(context, session.cluster, pod, journal.ns, limit);
  question.queue_needed = false;
  const BrokerChoice choice = choose_broker(question);
  note(context, fmt::format("broker {}:{}, from {}", choice.address.host, choice.address.port, choice.address_origin));
  session.provenance.broker = describe(choice.address);
  session.provenance.vhost = choice.address.vhost;
  // On another broker every queue would look as if it had been deleted already.
  if (!journal.broker.empty() && journal.broker != session.provenance.broker)
    throw Error(ErrorKind::refused,
                fmt::format("migration {} was made on broker {}, not on {}", journal.id, journal.broker,
                            session.provenance.broker),
                "name that broker with --broker");
  return choice.address;
}

/// By the profile that the journal names, unless one is named now: the commands that a report prints name none, and a
/// journal has no secret.
Config config_of(const Context& context, const JournalSummary& journal) try {
  const bool other = !journal.profile.empty() && context.globals.profile.empty();
  return other ? read_config(context.environment.config_file(), journal.profile) : context.config;
} catch (const Error& error) {
  warn(context, "migration " + journal.id + " was begun with a profile that is gone: " + error.message(),
       "name another one with --profile");
  return context.config;
}

}  // namespace

SshOptions ssh_options(const Context& context, const SshOptions& noted) {
  SshOptions chosen = context.globals.ssh;
  if (chosen.config.empty()) chosen.config = noted.config;
  if (chosen.host.empty()) chosen.host = noted.host;
  if (chosen.node_program.empty()) chosen.node_program = noted.node_program;
  if (chosen.transfer.empty()) chosen.transfer = noted.transfer;
  if (chosen.agent_namespace.empty()) chosen.agent_namespace = noted.agent_namespace;
  if (chosen.agent_address.empty()) chosen.agent_address = noted.agent_address;
  if (chosen.registry.empty()) chosen.registry = noted.registry;
  if (chosen.registry_ca.empty()) chosen.registry_ca = noted.registry_ca;
  Reach below = reach_of(context.environment), file = context.config;
  Reach merged;
  merged.ssh = chosen;
  for (const Key& key : keys())
    for (Reach* layer : {&below, &file})
      if (key.field(merged).empty()) key.field(merged) = key.field(*layer);
  chosen = merged.ssh;
  const auto one_of = [](const std::string& name, const std::string& value, std::initializer_list<const char*> words) {
    if (value.empty() || std::find(words.begin(), words.end(), value) != words.end()) return;
    throw Error(ErrorKind::usage, fmt::format("{} '{}' is not one of {}", name, value, fmt::join(words, ", ")));
  };
  one_of("transfer", chosen.transfer, {"ssh", "http", "registry"});
  one_of("agent address", chosen.agent_address, {"proxy", "straight"});
  return chosen;
}

namespace {

/// The one way of the data that is said where nodes are reached, too.
void take_registry(MigrationRequest& request, const SshOptions& ssh) {
  if (!ssh.through_registry()) return;
  if (ssh.registry.empty())
    throw Error(ErrorKind::usage, "--transfer registry needs --registry [http://]HOST[:PORT]/REPOSITORY");
  if (request.carriage == Carriage::direct)
    throw Error(ErrorKind::usage, "--transfer registry and --ssh-path direct are two ways, and a checkpoint goes one");
  if (request.pages == Pages::stream || request.pages == Pages::lazy)
    throw Error(ErrorKind::usage, fmt::format("--pages {} goes through the sessions with the nodes, not through a "
                                              "registry (--transfer ssh)",
                                              to_string(request.pages)));
  if (request.compression == Compression::zstd)
    throw Error(ErrorKind::usage,
                "--transfer registry sends a checkpoint as a plain layer, which is not compressed (--compress none)");
  request.carriage = Carriage::registry;
}

}  // namespace

MigrationRequest make_request(const Context& context, const MigrateOptions& options) {
  MigrationRequest request;
  apply_settings(request, context.config.settings);
  apply_settings(request, options.settings);
  const bool strategy_given = context.config.settings.count("strategy") + options.settings.count("strategy") > 0;
  if (request.protocol == Protocol::none && !strategy_given) request.strategy = Strategy::handoff;
  check_combination(request);
  request.ns = kube_reach(context.globals, context.environment, context.config).ns;
  request.pod = pod_name(options.pod);
  request.target_node = options.target_node;
  request.container = options.container;
  request.target_name = options.target_name;
  request.allow_competing = options.allow_competing;
  request.allow_other_queues = options.allow_other_queues;
  request.allow_hostpath = options.allow_hostpath;
  request.accept_volume_loss = options.accept_volume_loss;
  request.take_over_lease = options.take_over;
  request.dry_run = options.dry_run;
  for (const std::string& hook : options.hooks) request.hooks.push_back(parse_hook(hook));
  return request;
}

void check_request(const Context& context, const MigrateOptions& options) {
  MigrateOptions any = options;
  any.pod = "any";
  MigrationRequest request = make_request(context, any);
  take_registry(request, ssh_options(context));
  BrokerQuestion question = question_about(context, nullptr, Json::object(), "", request.timeouts.connect);
  question.unresolved = [](const Error&) {};  // each pod's own
  choose_broker(question);
}

Session open_session(const Context& context, MigrationRequest& request, Dials* dials) {
  warn_about_secrets(context);
  warn_about_kubeconfig(context);
  Session session;
  KubeReach kube = kube_reach(context.globals, context.environment, context.config);
  kube.ns = request.ns;
  session.cluster = context.backend.cluster(kube_options(kube, request.kubelet), context.stop);
  if (request.ns.empty()) request.ns = session.cluster->default_namespace();
  const auto limit = std::chrono::duration_cast<Millis>(request.timeouts.connect);
  const SshOptions ssh = ssh_options(context);
  take_registry(request, ssh);
  session.provenance = provenance_of(context, session.cluster->identity(context.stop.within(limit)), kube, ssh);
  request.place = {session.provenance.kubeconfig, session.provenance.context, "/", session.provenance.kube};
  const auto pod = session.cluster->get({Kind::pod, request.ns, request.pod}, context.stop.within(limit));
  if (!pod)
    throw Error(ErrorKind::refused, fmt::format("there is no pod {} in namespace {}", request.pod, request.ns),
                remedy::command(remedy::Command::list_pods, request.place, {request.ns}));
  if (!request.container.empty() && !container_meant(*pod, request.container))
    throw Error(ErrorKind::refused,
                fmt::format("pod {}/{} has no container {}", request.ns, request.pod, request.container),
                remedy::command(remedy::Command::show_containers, request.place, {request.ns, request.pod}));
  BrokerQuestion question = question_about(context, session.cluster, *pod, request.ns, request.timeouts.connect);
  question.container = request.container;
  if (request.dry_run)
    question.unresolved = [&request](const Error& error) {
      request.unresolved.push_back({error.what(), error.remedy()});
    };
  BrokerChoice choice = choose_broker(question);
  // Nobody asks a broker that is not known; its adapters want an address all the same.
  if (choice.address.host.empty()) choice.address = nobody();
  request.queue = choice.queue;
  tell_choice(context, choice);
  session.provenance.broker = describe(choice.address);
  request.place.vhost = session.provenance.vhost = choice.address.vhost;
  if (!request.hooks.empty()) session.hooks = context.backend.hooks(context.observer);
  const Migrator::Beside beside{session.hooks.get(), dials, context.watch};
  session.engine = context.backend.engine(
      session.cluster, {choice.address, ssh, request.timeouts, request.dead_man, false, request.pod, beside},
      context.observer, context.stop);
  return session;
}

Session reopen_session(const Context& typed, const JournalSummary& journal, const std::string& command, BrokerUse use) {
  const Config config = config_of(typed, journal);
  const Context context = configured_by(config, typed);
  warn_about_secrets(context);
  MigrationRequest settings_only;
  apply_settings(settings_only, context.config.settings);
  Session session;
  const KubeReach kube = kube_reach(context.globals, context.environment, context.config, journal);
  session.provenance.kubeconfig = kube.kubeconfig;
  session.provenance.context = kube.context;
  session.provenance.kube = flags_of(kube);
  session.cluster = context.backend.cluster(kube_options(kube, settings_only.kubelet), context.stop);
  const auto limit = std::chrono::duration_cast<Millis>(settings_only.timeouts.connect);
  const KubeReach& given = context.globals.kube;
  const bool by_flag =
      !given.kubeconfig.empty() || !given.context.empty() || !given.cluster.empty() || !given.server.empty();
  require_same_cluster(journal, session.cluster->identity(context.stop.within(limit)),
                       {command, kubeconfig_of(context, session.provenance.kubeconfig), by_flag});
  const Migrator::Beside beside{nullptr, nullptr, context.watch};
  const auto open = [&](const BrokerAddress& broker, bool connect) {
    session.engine = context.backend.engine(
        session.cluster,
        {broker,
         ssh_options(context, {journal.ssh_config, journal.ssh_host, journal.node_program, journal.transfer,
                               journal.agent_namespace, journal.agent_address, journal.registry, journal.registry_ca}),
         settings_only.timeouts, settings_only.dead_man, connect, journal.id, beside},
        context.observer, context.stop);
  };
  if (use == BrokerUse::none) {
    open(nobody(), false);
    return session;
  }
  try {
    open(broker_of(context, session, journal, settings_only.timeouts.connect), true);
  } catch (const Error& error) {
    if (use == BrokerUse::needed) throw;
    session.broker_trouble = error;
    open(nobody(), false);
  }
  return session;
}

JournalSummary find_journal(const Context& context, const std::string& id) {
  auto journal = context.backend.journal(id);
  if (!journal)
    throw Error(ErrorKind::refused, "there is no journal of a migration " + id,
                "what there is: " + remedy::command(remedy::Command::list_migrations, {}));
  return *journal;
}

void note(const Context& context, const std::string& text) {
  Event event;
  event.type = Event::Type::note;
  event.text = text;
  context.observer.on(event);
}

void warn(const Context& context, const std::string& text, const std::string& remedy) {
  Event event;
  event.type = Event::Type::warning;
  event.text = text;
  event.remedy = remedy;
  context.observer.on(event);
}

}  // namespace ms2m::cli
