#include "cli/node_setup.hpp"

#include <algorithm>

#include "cli/reach.hpp"
#include "cli/runtime_class.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/setup_report.hpp"

namespace ms2m::cli {
namespace {

using report::NodeOfSetup;
using report::SetupState;

std::vector<std::string> sorted_once(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Setup {
 public:
  Setup(const Context& context, const SetupOptions& options)
      : context_(context),
        options_(options),
        way_(options.remove ? SetupWay::remove : SetupWay::install),
        names_(sorted_once(options.nodes)),
        kube_(kube_options(kube_reach(context.globals, context.environment, context.config))),
        cluster_(context.backend.cluster(kube_, context.stop)),
        setup_(context.backend.node_setup(cluster_, ssh_options(context))) {}

  int run() {
    warn_about_kubeconfig(context_);
    before_ = read_handler_class(*cluster_, context_.stop);
    if (options_.remove) refuse_used();
    const bool seen = look();
    class_.nodes = seen ? nodes_after(names_) : before_.now.nodes;
    class_.change = shown_ = class_change(before_, class_.nodes);
    show();
    if (!seen) return finish(4);
    if (options_.dry_run) return finish(0);
    // A class that goes does so first: no pod can ask for it while the handler goes.
    if (options_.remove) write_class(class_.nodes);
    for (NodeOfSetup& node : nodes_) change(node);
    if (!options_.remove) {
      std::vector<std::string> done;
      for (const NodeOfSetup& node : nodes_)
        if (!node.failure) done.push_back(node.node);
      write_class(nodes_after(done));
    }
    const bool failed = std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node.failure; });
    return finish(failed ? 3 : 0);
  }

 private:
  /// What the class says when these have it, or not any more.
  std::vector<std::string> nodes_after(const std::vector<std::string>& done) const {
    std::vector<std::string> after;
    for (const std::string& node : before_.now.nodes)
      if (!options_.remove || !has(done, node)) after.push_back(node);
    if (!options_.remove) after.insert(after.end(), done.begin(), done.end());
    return sorted_once(after);
  }

  void refuse_used() const {
    const auto pods = pods_with_handler(*cluster_, names_, nodes_after(names_).empty(), context_.stop);
    if (pods.empty()) return;
    std::string text;
    for (const std::string& pod : pods) text += (text.empty() ? "" : ", ") + pod;
    throw Error(ErrorKind::refused, "pods use the runtime handler: " + text,
                "delete them, or move them to nodes that keep it, first");
  }

  /// What ssh would reach by such a name is not one of the cluster's. Who may not look at nodes is believed.
  void check_exists(const std::string& name) const {
    try {
      if (cluster_->get({Kind::node, "", name}, context_.stop)) return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::forbidden) throw;
      return;
    }
    throw Error(ErrorKind::refused, "node " + name + " does not exist",
                "what there is: " + remedy::command(remedy::Command::list_nodes,
                                                    Place{kube_.kubeconfig, kube_.context, "/", kube_.flags}));
  }

  bool look() {
    bool seen = true;
    for (const std::string& name : names_) {
      NodeOfSetup& node = nodes_.emplace_back();
      node.node = name;
      try {
        if (!options_.remove) check_exists(name);  // one that has left the cluster is taken back all the same
        node.plan = setup_->look(name, way_, context_.stop);
        if (!node.plan.changes()) node.state = SetupState::nothing;
      } catch (const Error& error) {
        fail(node, error);
        seen = false;
      }
    }
    return seen;
  }

  void show() const {
    if (structured(context_)) return;
    for (const NodeOfSetup& node : nodes_)
      if (!node.failure) context_.out << report::setup_plan_text(node);
    context_.out << "RuntimeClass ms2m\n  " << class_.change << "\n" << std::flush;
  }

  void change(NodeOfSetup& node) {
    try {
      if (node.plan.changes()) {
        setup_->apply(node.node, way_, node.plan, context_.stop);
        node.state = SetupState::done;
      }
      node.to_restart = runtime_reads(node.plan) || node.plan.outdated == true;
      if (!node.to_restart || !options_.restart_runtime) return;
      setup_->restart_runtime(node.node, context_.stop);
      node.to_restart = false;
      node.restarted = true;
    } catch (const Error& error) {
      fail(node, error);
    }
  }

  static void fail(NodeOfSetup& node, const Error& error) {
    node.state = SetupState::failed;
    node.failure = error;
  }

  void write_class(const std::vector<std::string>& nodes) {
    class_.nodes = nodes;
    class_.change = class_change(before_, nodes);
    write_handler_class(*cluster_, before_, nodes, context_.stop);
  }

  void print(const Json& json, int status) const {
    if (status == 4) return print_refusal(context_, json);
    if (options_.dry_run) return print_json(context_, json);
    print_result(context_, json);
  }

  int finish(int status) const {
    if (structured(context_)) print(report::setup_json(nodes_, class_, options_.dry_run, status), status);
    for (const NodeOfSetup& node : nodes_) {
      if (node.failure)
        warn(context_, report::setup_result_text(node), node.failure->remedy());
      else if (!structured(context_) && status != 4 && !options_.dry_run)
        context_.out << report::setup_result_text(node);
    }
    // Not what the difference said: a node that was to have it has failed.
    if (!structured(context_) && class_.change != shown_)
      context_.out << "RuntimeClass ms2m: " << class_.change << "\n";
    if (status == 4) note(context_, "nothing was changed on any node");
    context_.out << std::flush;
    return status;
  }

  const Context& context_;
  const SetupOptions& options_;
  const SetupWay way_;
  const std::vector<std::string> names_;
  const KubeOptions kube_;
  const std::shared_ptr<Cluster> cluster_;
  const std::unique_ptr<NodeSetup> setup_;
  HandlerClass before_;
  report::ClassOfSetup class_;
  std::string shown_;  ///< what the difference said of the class
  std::vector<NodeOfSetup> nodes_;
};

}  // namespace

bool runtime_reads(const NodeSetupPlan& plan) {
  const std::string directory = "/etc/" + plan.service + "/";
  return std::any_of(plan.files.begin(), plan.files.end(), [&](const SetupFile& file) {
    return file.changes() && file.kind == SetupKind::text && file.path.starts_with(directory);
  });
}

int run_setup(const Context& context, const SetupOptions& options) { return Setup(context, options).run(); }

}  // namespace ms2m::cli
