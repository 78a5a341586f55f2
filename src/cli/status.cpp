#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
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

using report::number_in;
using report::Status;
using report::text_in;

constexpr Millis kAnswer{2000};  ///< for an ms2m on this machine to say how far it is
constexpr Millis kCluster{10000};

struct StatusOptions {
  std::string id;
  bool follow = false;
  bool local = false;
};

/// An ms2m that runs here, and what it said first.
struct Running {
  std::unique_ptr<Listener> listener;
  std::optional<Json> state;  ///< nullopt: it does not answer
};

std::vector<Running> running_here(const Context& context) {
  std::vector<Running> all;
  for (auto& listener : context.backend.listen()) {
    Running one{std::move(listener), std::nullopt};
    try {
      one.state = one.listener->next(context.stop.within(kAnswer));
      if (!one.state) continue;  // it has just ended
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout) throw;
    }
    all.push_back(std::move(one));
  }
  return all;
}

/// That one works on that migration. A process number may be another one's by now: it began before the migration did.
bool works_on(const Running& one, const JournalSummary& journal) {
  if (!one.state) return one.listener->pid() == journal.pid;
  if (const std::string id = text_in(*one.state, "id"); !id.empty()) return id == journal.id;
  const std::string pod = text_in(*one.state, "pod"), started = text_in(*one.state, "started");
  return one.listener->pid() == journal.pid && started <= journal.started &&
         (pod.empty() || pod == journal.ns + "/" + journal.source_pod);
}

/// nullptr: none tells anything of it.
Running* running_of(std::vector<Running>& all, const JournalSummary& journal) {
  for (Running& one : all)
    if (works_on(one, journal)) return &one;
  return nullptr;
}

bool over(const JournalSummary& journal) { return journal.state == "done" || journal.state == "undone"; }

std::optional<Bytes> bytes_in(const Json& state, const char* key) {
  const auto number = number_in(state, key);
  return number && *number >= 0 ? std::optional(Bytes{static_cast<std::uint64_t>(*number)}) : std::nullopt;
}

void tell_state(Status& status, const Json& state) {
  status.phase = text_in(state, "phase");
  if (const auto in = number_in(state, "phase_s")) status.in_phase = Seconds(*in);
  if (const std::string text = text_in(state, "text"); !text.empty()) status.text = text;
  status.done = bytes_in(state, "bytes");
  status.total = bytes_in(state, "total_bytes");
}

Status status_of(const Context& context, const JournalSummary& journal, Running* running) {
  Status status;
  status.id = journal.id;
  status.state = journal.state;
  status.error = journal.error;
  status.remedy = journal.remedy;
  if (!journal.error.empty()) return status;
  status.ns = journal.ns;
  status.source_pod = journal.source_pod;
  status.source_node = journal.source_node;
  status.target_pod = journal.target_pod;
  status.target_node = journal.target_node;
  status.queue = journal.queue;
  status.strategy = journal.strategy;
  status.holder = fmt::format("pid {} on {}", journal.pid, journal.host);
  status.started = journal.started;
  const auto standing = context.backend.standing(journal.id);
  if (!standing) return status;
  status.ended = standing->ended_at;
  status.text = standing->last;
  status.open = standing->open;
  if (!over(journal)) status.phase = to_string(standing->phase);
  const bool tells = running != nullptr && running->state;
  if (!standing->ended && (standing->under_way || tells)) {
    status.state = tells || running == nullptr ? "running" : "silent";
    if (tells) tell_state(status, *running->state);
  } else if (!over(journal)) {
    if (!standing->ended) status.state = "crashed";
    status.remedy = remedy::command(
        journal.pivoted ? remedy::Command::resume_migration : remedy::Command::abort_migration, {}, {journal.id});
  }
  return status;
}

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
  return context.backend.cluster(
      {context.globals.kubeconfig, context.globals.context, context.globals.ns, KubeletPath::proxy}, context.stop);
}

std::vector<Json> leases_in(const Context& context, Cluster& cluster) {
  return cluster.list(Kind::lease, cluster.default_namespace(), kIdLabel, "", context.stop.within(kCluster));
}

void print(const Context& context, const Status& status) {
  if (context.globals.output == Output::json)
    print_json(context, report::statuses_json({status}));
  else
    context.out << report::status_text(status) << std::flush;
}

int run_all(const Context& context, const StatusOptions& options) {
  std::vector<Status> all;
  std::map<std::string, bool> here;
  std::vector<Running> running = running_here(context);
  for (const JournalSummary& journal : context.backend.journals()) {
    if (over(journal)) continue;
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
      about = fmt::format("on this machine or in namespace {}", cluster->default_namespace());
    } catch (const Error& error) {
      note(context, fmt::format("whether another machine moves a pod was not found out: {}", error.what()));
    }
  if (context.globals.output == Output::json)
    print_json(context, report::statuses_json(all));
  else
    context.out << report::statuses_text(all, about) << std::flush;
  return 0;
}

/// What a command that is waited for came to, for a script.
int exit_of(const JournalSummary& journal) {
  if (journal.state == "done") return 0;
  if (journal.state == "undone") return 1;
  return journal.state == "cleanup_incomplete" ? 5 : 3;
}

/// Each event as it comes, until that ms2m ends.
void follow(const Context& context, Listener& listener) {
  while (const auto line = listener.next(context.stop)) {
    if (!context.out) throw Error(ErrorKind::failed, "nobody reads what is told: standard output is closed");
    if (context.globals.output == Output::json) {
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
    if (context.globals.output == Output::table) print(context, status);
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
  return exit_of(journal);
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
                fmt::format("there is no migration {} in a journal of this user on this machine, nor under way in "
                            "namespace {}",
                            options.id, cluster->default_namespace()),
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
                  {"ms2m status", "ms2m status m7k2q9", "ms2m status m7k2q9 --follow", "ms2m status -n shop -o json"},
                  [options, &chosen] {
                    chosen = {"status", [options](const Context& context) { return run_status(context, *options); }};
                  });
  add_text(command, options->id,
           {.names = "ID", .help = "of one migration (default: all that are under way)", .ask = Ask::migrations});
  add_flag(command, options->follow, "--follow", "with ID: every step until it ends, then its exit status");
  add_flag(command, options->local, "--local", "look at this machine alone: ask no cluster");
}

}  // namespace ms2m::cli
