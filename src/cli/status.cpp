#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/reach.hpp"
#include "cli/running.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/event_json.hpp"
#include "report/event_lines.hpp"
#include "report/fields.hpp"
#include "report/outcome_report.hpp"
#include "report/status_report.hpp"

namespace ms2m::cli {

namespace {

using report::Status;

constexpr Millis kCluster{10000};

struct StatusOptions {
  std::string id;
  bool follow = false;
  bool local = false;
};

Status status_of(const Json& object, const Lease& lease) {
  Status status;
  status.id = lease.migration;
  status.state = "elsewhere";
  status.ns = namespace_of(object);
  const std::string name = name_of(object);
  status.source_pod = name.starts_with("ms2m-") ? name.substr(5) : name;
  status.target_pod = lease.target_pod;
  status.target_node = lease.target_node;
  status.queue = lease.queue;
  status.holder = lease.holder;
  status.started = lease.since;
  status.phase = lease.phase == "?" ? "" : lease.phase;
  return status;
}

std::shared_ptr<Cluster> cluster_of(const Context& context) {
  return context.backend.cluster(kube_options(kube_reach(context.globals, context.environment, context.config)),
                                 context.stop);
}

std::string namespace_looked_in(const Context& context, const Cluster& cluster) {
  return context.globals.all_namespaces ? "" : cluster.default_namespace();
}

std::string in_namespace(const Context& context, const Cluster& cluster) {
  return context.globals.all_namespaces ? "in any namespace" : "in namespace " + cluster.default_namespace();
}

std::vector<Json> leases_in(const Context& context, Cluster& cluster) {
  return cluster.list(Kind::lease, namespace_looked_in(context, cluster), kIdLabel, "", context.stop.within(kCluster));
}

void print(const Context& context, const Status& status) {
  if (structured(context))
    print_json(context, report::statuses_json({status}));
  else if (context.globals.form.output == Output::name)
    context.out << status.id << '\n' << std::flush;
  else
    context.out << report::status_text(status) << std::flush;
}

int run_all(const Context& context, const StatusOptions& options) {
  std::vector<Status> all;
  std::map<std::string, bool> here;
  std::vector<Running> running = running_here(context);
  for (const JournalSummary& journal : context.backend.journals()) {
    if (is_over(journal)) continue;
    here[journal.id] = true;
    all.push_back(status_of(context, journal, running_of(running, journal)));
  }
  std::string about = "on this machine";
  if (!options.local) try {
      const auto cluster = cluster_of(context);
      for (const Json& object : leases_in(context, *cluster)) {
        const Lease lease = parse_lease(object);
        if (!lease.migration.empty() && here.count(lease.migration) == 0) all.push_back(status_of(object, lease));
      }
      about = "on this machine or " + in_namespace(context, *cluster);
    } catch (const Error& error) {
      note(context, fmt::format("whether another machine moves a pod was not found out: {}", error.what()));
    }
  if (structured(context))
    print_json(context, report::statuses_json(all));
  else if (context.globals.form.output == Output::name)
    for (const Status& status : all) context.out << status.id << '\n';
  else
    context.out << report::statuses_text(all, about) << std::flush;
  return 0;
}

/// Of one that is done: a hook may have failed all the same. Without a result that was kept nothing tells of it; one
/// that was interrupted when it could only go on is done, and who follows it was not.
int exit_of_done(const Context& context, const std::string& id) try {
  const auto result = context.backend.outcome(id);
  const auto status = result ? report::number_in(*result, "exit_status").value_or(0) : 0;
  return status == 5 || status == 6 ? static_cast<int>(status) : 0;
} catch (const Error&) {
  return 0;
}

/// What a command that is waited for came to, for a script.
int exit_of(const Context& context, const JournalSummary& journal) {
  if (journal.state == "done") return exit_of_done(context, journal.id);
  if (journal.state == "undone") return 1;
  return journal.state == "cleanup_incomplete" ? 5 : 3;
}

/// Each event as it comes, until that ms2m ends.
void follow(const Context& context, Listener& listener) {
  while (const auto line = listener.next(context.stop)) {
    if (!context.out) throw Error(ErrorKind::failed, "nobody reads what is told: standard output is closed");
    if (structured(context)) {
      context.out << line->dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
      continue;
    }
    const auto event = report::event_of(*line);
    const std::string text = event ? report::event_line(*event) : "";
    if (!text.empty()) context.out << text << '\n' << std::flush;
  }
}

int run_here(const Context& context, JournalSummary journal, const StatusOptions& options) {
  std::vector<Running> all = running_here(context);
  Running* running = running_of(all, journal);
  Status status = status_of(context, journal, running);
  if (!options.follow) {
    print(context, status);
    return 0;
  }
  while (status.state == "running" && running != nullptr) {
    if (context.globals.form.output == Output::table) print(context, status);
    follow(context, *running->listener);
    journal = find_journal(context, options.id);
    all = running_here(context);
    running = running_of(all, journal);
    status = status_of(context, journal, running);
  }
  print(context, status);
  if (status.state == "silent" || status.state == "running")
    throw Error(ErrorKind::refused,
                fmt::format("the ms2m of migration {} ({}) {}, so it cannot be followed", journal.id, status.holder,
                            status.state == "silent" ? "does not answer"
                                                     : "runs and tells nothing here, or has too many listeners"),
                status.state == "silent" ? "when it was stopped (Ctrl-Z, SIGSTOP), let it go on" : "");
  return exit_of(context, journal);
}

/// Whether the pod is where it was to go: the rest is known only where it was moved from.
int end_elsewhere(const Context& context, Cluster& cluster, const Status& status) {
  std::string why = "its lease does not say where to";
  bool there = false;
  if (!status.target_pod.empty()) {
    const auto pod = cluster.get({Kind::pod, status.ns, status.target_pod}, context.stop.within(kCluster));
    there = pod && pod_node(*pod) == status.target_node;
    why = fmt::format("pod {} is {}on {}", status.target_pod, there ? "" : "not ", status.target_node);
  }
  note(context, fmt::format("migration {} is over: {}; more is known where its ms2m ran", status.id, why));
  return there ? 0 : 1;
}

int run_elsewhere(const Context& context, const StatusOptions& options) {
  const auto cluster = cluster_of(context);
  const auto leases = leases_in(context, *cluster);
  const auto found = std::find_if(leases.begin(), leases.end(),
                                  [&](const Json& object) { return parse_lease(object).migration == options.id; });
  if (found == leases.end())
    throw Error(ErrorKind::refused,
                fmt::format("there is no migration {} in a journal of this user on this machine, nor under way {}",
                            options.id, in_namespace(context, *cluster)),
                "what there is: " + remedy::command(remedy::Command::list_migrations, {}));
  print(context, status_of(*found, parse_lease(*found)));
  if (!options.follow) return 0;
  std::string phase = parse_lease(*found).phase;
  cluster->watch(
      {Kind::lease, namespace_of(*found), name_of(*found)},
      [&](const Json* object) {
        if (object == nullptr || parse_lease(*object).migration != options.id) return true;
        if (const std::string now = parse_lease(*object).phase; now != phase) {
          phase = now;
          print(context, status_of(*object, parse_lease(*object)));
        }
        return false;
      },
      context.stop);
  return end_elsewhere(context, *cluster, status_of(*found, parse_lease(*found)));
}

int run_status(const Context& context, const StatusOptions& options) {
  if (options.id.empty()) {
    if (options.follow)
      throw Error(ErrorKind::usage, "--follow needs the ID of a migration", "which there are: ms2m status");
    return run_all(context, options);
  }
  if (const auto journal = context.backend.journal(options.id)) return run_here(context, *journal, options);
  if (options.local) find_journal(context, options.id);
  return run_elsewhere(context, options);
}

}  // namespace

void add_status(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<StatusOptions>();
  auto& command =
      add_command(app, "status", "Say how far migrations are, here and on other machines",
                  {"ms2m status", "ms2m status m7k2q9", "ms2m status m7k2q9 --follow", "ms2m status -n shop -o json",
                   "ms2m status -A"},
                  [options, &chosen] {
                    chosen = {.name = "status",
                              .run = [options](const Context& context) { return run_status(context, *options); },
                              .lists = !options->follow,
                              .follows = options->follow};
                  });
  add_text(command, options->id,
           {.names = "ID", .help = "of one migration (default: all that are under way)", .ask = Ask::migrations});
  add_flag(command, options->follow, "--follow", "with ID: every step until it ends, then its exit status");
  add_flag(command, options->local, "--local", "look at this machine alone: ask no cluster");
}

}  // namespace ms2m::cli
