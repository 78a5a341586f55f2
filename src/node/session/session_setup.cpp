#include "node/session/session_setup.hpp"

#include "node/protocol/setup_paths.hpp"

namespace ms2m {
namespace {

/// A node must not make us show, or send, what is none of a setup's.
void check_paths(const std::string& node, const NodeSetupPlan& plan) {
  const node::RuntimeRow* row = node::runtime_row(plan.runtime);
  for (const SetupFile& file : plan.files)
    if (row == nullptr || !node::is_setup_path(*row, file.path))
      throw Error(ErrorKind::protocol, "node " + node + " names a file that no setup has: " + file.path);
}

}  // namespace

NodeSetupPlan SessionSetup::look(const std::string& node, SetupWay way, const StopToken& stop) {
  const auto session = nodes_.session(node, stop);
  const auto refuse_command = [&](const std::string& what) {
    throw Error(ErrorKind::refused,
                "the login on node " + node + " starts " + what + " instead of a shell, which a setup needs",
                "use a key without command= in authorized_keys: --ssh-config FILE names a configuration with it");
  };
  if (session->greeting().build != nodes_.program().build()) refuse_command("another build of the node program");
  auto answer = nodes_.ask_in(*session, node, node::SetupLook{way}, "looking at the setup", stop);
  if (answer.program == node::kProgramPath) refuse_command(answer.program);
  check_paths(node, answer.plan);
  return std::move(answer.plan);
}

void SessionSetup::apply(const std::string& node, SetupWay way, const NodeSetupPlan& plan, const StopToken& stop) {
  check_paths(node, plan);
  node::SetupApply request{way, {}};
  for (const SetupFile& file : plan.files)
    if (file.changes()) request.files.push_back(file);
  nodes_.ask(node, request, "writing the setup", stop);
}

void SessionSetup::restart_runtime(const std::string& node, const StopToken& stop) {
  nodes_.ask(node, node::RestartRuntime{}, "restarting the container runtime", stop);
}

}  // namespace ms2m
