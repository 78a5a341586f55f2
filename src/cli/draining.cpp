#include "cli/draining.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "cli/broker_choice.hpp"
#include "cli/drain_cordon.hpp"
#include "cli/drain_groups.hpp"
#include "cli/drain_sessions.hpp"
#include "cli/drain_targets.hpp"
#include "cli/observers.hpp"
#include "cli/reach.hpp"
#include "kube/objects/drainable.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/placement.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/drain_report.hpp"

namespace ms2m::cli {

namespace {

using report::Drained;

constexpr Millis kCluster{30000};

class Draining {
 public:
  Draining(const Context& context, const DrainOptions& options) : context_(context), options_(options) {
    drain_.node = options.node;
    drain_.dry_run = options.migrate.dry_run;
  }

  int run() {
    refuse_one_queue_for_all();
    check_request(context_, options_.migrate);
    warn_about_kubeconfig(context_);  // before the node is cordoned
    KubeReach kube = kube_reach(context_.globals, context_.environment, context_.config);
    drain_.ns = kube.ns = context_.globals.kube.ns;  // a default is of a pod's, and would hide the others of the node
    cluster_ = context_.backend.cluster(kube_options(kube), context_.stop);
    const StopToken limited = context_.stop.within(kCluster);
    const auto node = cluster_->get({Kind::node, "", options_.node}, limited);
    if (!node) throw Error(ErrorKind::refused, "there is no node " + options_.node, list_nodes());
    drain_.cordoned = parse_node(*node).cordoned;
    find_targets(limited);
    const auto pods = cluster_->list(Kind::pod, kube.ns, options_.selector, "spec.nodeName=" + options_.node, limited);
    drain_.pods.resize(pods.size());
    side_by_side(pods.size(), [&](std::size_t n) { look_at(pods[n], drain_.pods[n]); });
    context_.stop.check("looking at the node's pods");
    if (!drain_.dry_run) {
      groups_ = drain_groups(context_, *cluster_, pods, drain_.pods);
      if (cordon()) {
        close_others();
        move_all();
      }
      prune_journals(context_);
    }
    drain_.wall = Clock::now() - context_.begun;
    const int status = exit_status_of();
    if (structured(context_) && drain_.dry_run)
      print_json(context_, report::drain_json(drain_, status));
    else if (structured(context_))
      print_result(context_, report::drain_json(drain_, status));
    else
      context_.out << report::drain_text(drain_) << std::flush;
    return status;
  }

 private:
  static std::string list_nodes() { return remedy::command(remedy::Command::list_nodes, {}, {}); }

  void refuse_one_queue_for_all() const {
    const auto refuse = [](const std::string& where) {
      throw Error(ErrorKind::usage, where + " names one queue for every pod of the node",
                  "leave it out: a pod names its own, by annotation ms2m.io/queue or QUEUE_NAME");
    };
    if (!context_.globals.broker.queue.empty()) refuse("--queue");
    if (!reach_of(context_.environment).broker.queue.empty()) refuse("MS2M_QUEUE");
    if (!context_.config.broker.queue.empty()) refuse(context_.config.path);
  }

  /// --to, or every other node that takes new pods.
  void find_targets(const StopToken& stop) {
    const std::string& to = options_.migrate.target_node;
    if (to == options_.node) throw Error(ErrorKind::usage, "--to " + to + " is the node that is to be emptied");
    if (!to.empty()) {
      const auto object = cluster_->get({Kind::node, "", to}, stop);
      if (!object || !takes_pods(parse_node(*object)))
        throw Error(ErrorKind::refused,
                    fmt::format("node {} {}", to, object ? "is not ready, or cordoned" : "does not exist"),
                    list_nodes());
      return targets_.add(to);
    }
    for (const Json& object : cluster_->list(Kind::node, "", "", "", stop))
      if (const Node node = parse_node(object); node.name != options_.node && takes_pods(node)) targets_.add(node.name);
    if (targets_.empty())
      throw Error(ErrorKind::refused, "there is no other node that is ready and not cordoned", list_nodes());
  }

  static bool takes_pods(const Node& node) { return node.ready == "True" && !node.cordoned; }

  /// Not where all that there is to move was refused: such a drain has touched nothing. False: nobody can say whether
  /// it is cordoned, and nothing is moved.
  bool cordon() {
    const auto are = [this](Drained::Is what) {
      return std::any_of(drain_.pods.begin(), drain_.pods.end(), [what](const Drained& row) { return row.is == what; });
    };
    if (drain_.cordoned == true || (are(Drained::Is::refused) && !are(Drained::Is::not_begun))) return true;
    if (!cordon_node(context_, *cluster_, options_.node)) {
      drain_.cordoned.reset();
      worst_ = 3;
      return false;
    }
    drain_.cordoned = true;
    note(context_, "node " + options_.node + " is cordoned, and stays so");
    return true;
  }

  MigrationRequest request_for(const Drained& row, const std::string& target) const {
    MigrateOptions options = options_.migrate;
    options.dry_run = false;  // that of a drain: a pod that names no broker is none that is moved
    options.pod = "pod/" + row.pod;
    options.target_node = target;
    MigrationRequest request = make_request(context_, options);
    request.ns = row.ns;
    return request;
  }

  void look_at(const Json& pod, Drained& row) {
    row.ns = namespace_of(pod);
    row.pod = name_of(pod);
    row.why = why_it_stays(pod);
    row.is = Drained::Is::stays;
    if (!row.why.empty()) return;
    std::set<std::string> asked;
    std::string whys;
    for (std::string target = targets_.next(asked); !target.empty(); target = targets_.next(asked)) {
      asked.insert(target);
      if (plan(row, target)) {
        row.why.clear();
        row.remedy.clear();
        row.is = drain_.dry_run ? Drained::Is::would_move : Drained::Is::not_begun;
        return;
      }
      targets_.give_back(target);
      if (row.is == Drained::Is::stays) return;
      whys += (whys.empty() ? "" : "; ") + (options_.migrate.target_node.empty() ? target + ": " : "") + row.why;
    }
    row.why = whys;
    row.target_node = options_.migrate.target_node;
  }

  void open(Opened& opened, const Context& context, const Drained& row, const std::string& target) const {
    opened.request = request_for(row, target);
    opened.session = open_session(context, opened.request, &opened.dials);
  }

  /// False: it is not to be moved there, and the row says why.
  bool plan(Drained& row, const std::string& target) {
    auto opened = std::make_unique<Opened>();  // what it has heard is told by the row, or when it is moved
    const Context context = observed_by(opened->observer, context_);
    row.is = Drained::Is::refused;
    row.target_node = target;
    try {
      open(*opened, context, row, target);
      row.queue = opened->request.queue;
      opened->looked = Clock::now();
      const Plan plan = opened->session.engine->plan(opened->request, context.stop);
      row.predicted = Seconds{0};
      for (const PredictedPhase& phase : plan.predicted) row.predicted += phase.elapsed;
      refuse_forbidden(plan);
      const auto one_too_many = drain_.dry_run ? nullptr : sessions_.keep(row, std::move(opened));
      return true;
    } catch (const NotNamed& error) {
      row.is = Drained::Is::stays;
      row.target_node.clear();
      row.why = error.what();
    } catch (const Error& error) {
      row.why = error.what();
      row.remedy = error.remedy();
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      row.why = std::string("internal error: ") + error.what();
    }
    return false;
  }

  /// Whoever moves one pod may take it away though its budget allows none; a drain does not.
  static bool forbids(const Finding& finding) {
    return finding.level == Level::refusal ||
           (finding.check == "disruption-budget" && finding.level == Level::warning && !finding.cure.empty());
  }

  static void refuse_forbidden(const Plan& plan) {
    const auto found = std::find_if(plan.findings.begin(), plan.findings.end(), forbids);
    if (found != plan.findings.end()) throw Error(ErrorKind::refused, found->text, found->cure);
  }

  /// Of those that do not begin at once: what the first ones change, they would not know.
  void close_others() {
    for (std::size_t n = 0; n < groups_.size(); ++n)
      for (const Drained* row : groups_[n])
        if (n >= options_.parallel || row != groups_[n].front()) sessions_.take(*row).reset();
  }

  void move_all() {
    side_by_side(groups_.size(), [&](std::size_t n) {
      const Drained* stuck = nullptr;
      for (Drained* row : groups_[n]) {
        if (context_.stop.stop_requested()) return;
        if (stuck != nullptr)
          row->why = fmt::format("pod {}/{}, which it is tied to, was left in between", stuck->ns, stuck->pod);
        else if (!move(*row))
          stuck = row;
      }
    });
  }

  /// For 0 to count - 1, at most so many at a time as the operator wants. Of a stop nothing is thrown.
  template <class Act>
  void side_by_side(std::size_t count, Act act) const {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < std::min(options_.parallel, count); ++i)
      workers.emplace_back([&] {
        try {
          for (std::size_t n = next++; n < count; n = next++) act(n);
        } catch (...) {
          // A stop: whoever joins us looks at it himself. Of all else the row tells.
        }
      });
    for (std::thread& worker : workers) worker.join();
  }

  /// To its target, or, when that refuses it after all, where it was not asked yet. False: something is left of it.
  bool move(Drained& row) {
    std::set<std::string> asked{row.target_node};
    for (;;) {
      const Outcome outcome = migrate(row);
      if (outcome.interrupted && outcome.result == Result::refused) return true;  // before anything was touched
      const std::string next = outcome.result == Result::refused ? targets_.next(asked) : "";
      if (next.empty()) {
        tell(row, outcome);
        return outcome.result != Result::leftovers;
      }
      asked.insert(next);
      row.target_node = next;
    }
  }

  Outcome migrate(const Drained& row) {
    const std::string pod = row.ns + "/" + row.pod;
    Named named(pod, context_.observer);
    Outcome outcome;
    auto opened = sessions_.take(row);
    if (!opened) opened = std::make_unique<Opened>();
    try {
      const auto observer = context_.backend.tell({"drain", "", pod, &opened->dials}, named);
      opened->observer.heard_by(*observer);
      const Context context = observed_by(opened->observer, context_);
      const bool anew = !opened->session.engine;
      if (anew) open(*opened, context, row, row.target_node);
      const Session session = std::move(opened->session);  // ends before who hears of it
      // The moves before it may have used a budget up. What this finds out the engine does not ask again.
      if (anew) refuse_forbidden(session.engine->plan(opened->request, context.stop));
      outcome = session.engine->migrate(opened->request, session.provenance, context.stop);
      keep_result(context, outcome, "drain", exit_status(outcome));  // before who follows it sees its end
    } catch (const Error& error) {
      outcome.result = Result::refused;
      outcome.error = error.what();
      outcome.remedy = error.remedy();
    } catch (const Cancelled&) {
      outcome.result = Result::refused;
      outcome.interrupted = true;
    } catch (const std::exception& error) {
      outcome.result = Result::leftovers;
      outcome.error = std::string("internal error: ") + error.what();
    }
    return outcome;
  }

  void tell(Drained& row, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    row.migration = outcome.id;
    const bool moved = outcome.result == Result::done || outcome.result == Result::cleanup_incomplete;
    row.is = moved                               ? Drained::Is::moved
             : outcome.result == Result::refused ? Drained::Is::refused
                                                 : Drained::Is::failed;
    row.why = outcome.error;
    row.remedy = outcome.remedy;
    for (const Leftover& left : outcome.leftovers) {
      row.why += (row.why.empty() ? "left: " : "; left: ") + left.what;
      if (row.remedy.empty()) row.remedy = left.command;
    }
    if (const HookRun* hook = failed_hook(outcome))
      row.why += fmt::format("{}hook {} failed: {}", row.why.empty() ? "" : "; ", to_string(hook->at), hook->failure);
    if (moved) {
      row.total = outcome.measures.total;
      row.gap = outcome.measures.gap;
    }
    note(context_, fmt::format("{}/{}: {}", row.ns, row.pod, report::to_string(row.is)));
    const int status = exit_status(outcome);
    if (rank(status) > rank(worst_)) worst_ = status;
  }

  /// What outweighs what: something left, clean-up incomplete, failed and undone, refused, a hook failed, done.
  static int rank(int status) {
    constexpr int kOrder[] = {0, 6, 4, 1, 5, 3, 130};
    return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), status) - std::begin(kOrder));
  }

  int exit_status_of() const {
    if (context_.stop.stop_requested()) return 130;
    const bool refused = std::any_of(drain_.pods.begin(), drain_.pods.end(),
                                     [](const Drained& row) { return row.is == Drained::Is::refused; });
    return refused && rank(4) > rank(worst_) ? 4 : worst_;
  }

  const Context& context_;
  const DrainOptions& options_;
  std::shared_ptr<Cluster> cluster_;
  report::Drain drain_;
  DrainTargets targets_;
  std::vector<DrainGroup> groups_;
  DrainSessions sessions_{options_.parallel};
  std::mutex mutex_;  ///< of what follows
  int worst_ = 0;
};

}  // namespace

int drain(const Context& context, const DrainOptions& options) { return Draining(context, options).run(); }

}  // namespace ms2m::cli
