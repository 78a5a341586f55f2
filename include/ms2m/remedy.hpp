// The commands that reports, errors and findings tell a person to type. All of them are made here, so that a test can
// look at each: they work as printed, in a POSIX shell, on the cluster, the broker and the nodes that are meant.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ms2m/place.hpp"

namespace ms2m::remedy {

enum class Command {
  // The cluster. First words: namespace, name, if the command has them.
  list_pods,
  show_pod,
  show_containers,
  list_nodes,
  show_node,
  describe_node,
  uncordon_node,
  untaint_node,   ///< node, taint
  await_rollout,  ///< namespace, kind/name
  await_ready,
  delete_pod,
  let_adopt,     ///< namespace, source, target, hash
  restore_cost,  ///< namespace, name
  strip_marks,
  delete_lease,
  grant_checkpoint,     ///< to the API server's own kubelet client; user
  list_autoscalers,     ///< namespace, resource
  pause_scaled_object,  ///< namespace, name, replicas
  go_on_scaling,        ///< namespace, name
  bound_autoscaler,     ///< namespace, name, patch
  show_cluster,
  list_agents,     ///< namespace
  describe_agent,  ///< namespace, pod
  restart_agents,  ///< namespace
  // The broker.
  delete_queue,
  list_policies,
  set_permissions,   ///< user; patterns for configure, write, read
  list_permissions,  ///< user
  show_broker,
  name_broker,  ///< name of its cluster
  // ms2m. First word: the migration's id.
  list_migrations,
  show_status,
  show_result,
  abort_migration,
  resume_migration,
  clean_up,
  check,           ///< pod, node, namespace; in the place's context
  recover_there,   ///< verb, id, kubeconfig, context
  agent_manifest,  ///< image
  // A node.
  restart_service,
  // This machine.
  look_at_file,
  remove_directory,
  remove_file,
  make_private,
  // Any request, so that kubectl renews what it logs in with.
  renew_login,
};

/// The command with its words in the place of its gaps. Error{usage}: another number of words than it has gaps.
std::string command(Command which, const Place& place, const std::vector<std::string>& words = {});

/// All of them, with the number of words that each takes.
struct Form {
  Command which;
  const char* text;  ///< "{0}", "{1}", ... are gaps
};
const std::vector<Form>& forms();
std::size_t gaps(const Form& form);

/// The word as a POSIX shell's command line needs it.
std::string shell_word(std::string_view word);

}  // namespace ms2m::remedy
