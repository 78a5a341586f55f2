#include <charconv>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/node_setup.hpp"
#include "kube/objects/agent_manifest.hpp"
#include "ms2m/error.hpp"
#include "report/setup_report.hpp"

namespace ms2m::cli {
namespace {

constexpr const char* kNamespace = "ms2m-system";

struct ManifestOptions {
  std::string image;
  std::vector<std::string> node_selector;
  bool no_setup = false;
};

int print_manifest(const Context& context, const ManifestOptions& options) {
  AgentManifest manifest;
  manifest.ns = context.globals.kube.ns.empty() ? ssh_options(context).agent_namespace : context.globals.kube.ns;
  if (manifest.ns.empty()) manifest.ns = kNamespace;
  manifest.image = options.image;
  manifest.setup = !options.no_setup;
  for (const std::string& label : options.node_selector) {
    const auto equals = label.find('=');
    if (equals == std::string::npos) throw Error(ErrorKind::usage, "'" + label + "' is not a label, as KEY=VALUE");
    manifest.node_selector.emplace_back(label.substr(0, equals), label.substr(equals + 1));
  }
  agent_manifest(manifest);  // before keys are made for nothing
  AgentKeys keys = context.backend.agent_keys();
  manifest.authority = std::move(keys.authority);
  manifest.certificate = std::move(keys.certificate);
  manifest.key = std::move(keys.key);
  manifest.token = std::move(keys.token);
  context.out << agent_manifest(manifest) << std::flush;
  return 0;
}

struct ServeOptions {
  std::string listen = "0.0.0.0:8443";
  std::string keys, node;
};

int serve(const Context& context, const ServeOptions& options) {
  AgentServing serving;
  const auto colon = options.listen.rfind(':');
  const std::string port = colon == std::string::npos ? options.listen : options.listen.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), serving.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size() || serving.port < 0 ||
      serving.port > 65535)
    throw Error(ErrorKind::usage, "'" + options.listen + "' is not ADDRESS:PORT");
  serving.address = colon == std::string::npos ? "0.0.0.0" : options.listen.substr(0, colon);
  serving.keys = options.keys;
  serving.node = options.node;
  std::mutex mutex;
  context.backend.serve_agent(
      serving,
      [&](const std::string& line) {
        const std::lock_guard lock(mutex);
        context.err << "ms2m agent: " << line << "\n" << std::flush;
      },
      context.stop);
  return 0;
}

/// The container runtime of the node whose processes are seen here: the one that runs, else the one that is configured.
std::string runtime_here() {
  namespace fs = std::filesystem;
  std::set<std::string> running;
  std::error_code failed;
  for (fs::directory_iterator each("/proc", failed), end; !failed && each != end; each.increment(failed)) {
    std::string name;
    std::ifstream(each->path() / "comm") >> name;
    running.insert(name);
  }
  for (const auto& [process, scheme] : {std::pair{"crio", "cri-o://"}, std::pair{"containerd", "containerd://"}})
    if (running.count(process) > 0) return scheme;
  if (fs::exists("/proc/1/root/etc/crio", failed)) return "cri-o://";
  throw Error(ErrorKind::refused, "neither CRI-O nor containerd runs on this node",
              "leave this step out: ms2m agent manifest --no-setup");
}

struct StepOptions {
  std::string node;
  bool restart_runtime = false;
};

/// As `ms2m node setup`, but for the RuntimeClass, which the manifest has.
int set_up(const Context& context, const StepOptions& options) {
  const auto setup = context.backend.own_node_setup(runtime_here());
  report::NodeOfSetup node;
  node.node = options.node;
  node.plan = setup->look(options.node, SetupWay::install, context.stop);
  context.out << report::setup_plan_text(node) << std::flush;
  node.state = report::SetupState::nothing;
  if (node.plan.changes()) {
    setup->apply(options.node, SetupWay::install, node.plan, context.stop);
    node.state = report::SetupState::done;
  }
  node.to_restart = runtime_reads(node.plan) || node.plan.outdated == true;
  if (node.to_restart && options.restart_runtime) {
    setup->restart_runtime(options.node, context.stop);
    node.to_restart = false;
    node.restarted = true;
  }
  context.out << report::setup_result_text(node) << std::flush;
  return 0;
}

void add_manifest(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<ManifestOptions>();
  auto& command = add_command(
      group, "manifest", "Print what puts an agent on every node; it holds a key and a token: keep it nowhere",
      {"ms2m agent manifest --image registry.example/ms2m-agent:0.1.0 | kubectl apply -f -",
       "ms2m agent manifest --image registry.example/ms2m-agent:0.1.0 --node-selector pool=workers | kubectl apply -f "
       "-"},
      [options, &chosen] {
        chosen = {.name = "agent manifest",
                  .run = [options](const Context& context) { return print_manifest(context, *options); },
                  .documents = false};
      });
  add_text(command, options->image,
           {.names = "--image", .help = "that scripts/agent-image makes", .value = "NAME", .required = true});
  add_texts(command, options->node_selector,
            {.names = "--node-selector", .help = "only nodes with this label", .value = "KEY=VALUE"});
  add_flag(command, options->no_setup, "--no-setup", "without the runtime handler: ms2m node setup brings it");
}

void add_serve(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<ServeOptions>();
  auto& command = add_command(group, "serve", "Be the agent of a node; the DaemonSet runs this",
                              {"ms2m agent serve --keys /etc/ms2m-agent --node worker-1"}, [options, &chosen] {
                                chosen = {.name = "agent serve",
                                          .run = [options](const Context& context) { return serve(context, *options); },
                                          .documents = false};
                              });
  add_text(command, options->listen, {.names = "--listen", .help = "where (0.0.0.0:8443)", .value = "ADDRESS:PORT"});
  add_text(command, options->keys,
           {.names = "--keys", .help = "directory with tls.crt, tls.key and token", .value = "DIR", .required = true});
  add_text(command, options->node, {.names = "--node", .help = "the node's name, told to who asks", .value = "NAME"});
}

void add_step(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<StepOptions>();
  auto& command =
      add_command(group, "setup", "Install the runtime handler on the node of this container; the DaemonSet runs this",
                  {"ms2m agent setup --node worker-1"}, [options, &chosen] {
                    chosen = {"agent setup", [options](const Context& context) { return set_up(context, *options); }};
                  });
  add_text(command, options->node, {.names = "--node", .help = "the node's name", .value = "NAME", .required = true});
  add_flag(command, options->restart_runtime, "--restart-runtime",
           "restart CRI-O or containerd where it has to read what was changed; containers stay");
}

}  // namespace

void add_agent(CLI::App& app, Command& chosen) {
  auto& group = add_group(app, "agent", "Move pods without ssh: an agent on every node");
  add_manifest(group, chosen);
  add_serve(group, chosen);
  add_step(group, chosen);
}

}  // namespace ms2m::cli
