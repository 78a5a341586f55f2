#include "ms2m/remedy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ms2m/error.hpp"

namespace ms2m::remedy {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+,=").find(c) != std::string_view::npos;
}

/// The word with what goes into its gap, which becomes one with it.
std::string filled(std::string word, const std::vector<std::string>& words) {
  if (word == "&&") return word;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = fmt::format("{{{}}}", i);
    if (const auto at = word.find(name); at != std::string::npos)
      return shell_word(word.replace(at, name.size(), words[i]));
  }
  return shell_word(word);
}

/// As kubectl and ms2m both spell them. (A token's file kubectl does not know: who gave one gives kubectl a token.)
std::string kube_flags(const KubeFlags& given) {
  std::string text;
  const auto add = [&text](const char* option, const std::string& value) {
    if (!value.empty()) text += fmt::format(" --{}={}", option, shell_word(value));
  };
  add("cluster", given.cluster);
  add("user", given.user);
  add("server", given.server);
  add("as", given.as);
  add("as-uid", given.as_uid);
  for (const std::string& group : given.as_groups) add("as-group", group);
  return text;
}

/// What stands before a tool's own words.
std::string tool(const std::string& name, const Place& place) {
  if (name == "kubectl") {
    const bool list = place.kubeconfig.find(':') != std::string::npos;
    std::string text = list ? "KUBECONFIG=" + shell_word(place.kubeconfig) + " kubectl" : "kubectl";
    if (!list && !place.kubeconfig.empty()) text += " --kubeconfig=" + shell_word(place.kubeconfig);
    if (!place.context.empty()) text += " --context=" + shell_word(place.context);
    return text + kube_flags(place.kube);
  }
  if (name == "ms2m@place") {
    std::string text = "ms2m";
    if (place.kubeconfig.find(':') != std::string::npos)
      text.insert(0, "KUBECONFIG=" + shell_word(place.kubeconfig) + " ");
    else if (!place.kubeconfig.empty())
      text += " --kubeconfig " + shell_word(place.kubeconfig);
    if (!place.context.empty()) text += " --context " + shell_word(place.context);
    if (!place.kube.token_file.empty()) text += " --token-file " + shell_word(place.kube.token_file);
    return text + kube_flags(place.kube);
  }
  if (name == "rabbitmqctl@vhost") return "rabbitmqctl --vhost=" + shell_word(place.vhost);
  return name;
}

}  // namespace

const std::vector<Form>& forms() {
  // "kubectl" takes the place's kubeconfig, context and flags, "rabbitmqctl@vhost" its virtual host.
  static const std::vector<Form> all{
      {Command::list_pods, "kubectl --namespace={0} get pods"},
      {Command::show_pod, "kubectl --namespace={0} get pod {1} -o wide"},
      {Command::show_containers, "kubectl --namespace={0} get pod {1} -o jsonpath={.spec.containers[*].name}"},
      {Command::list_nodes, "kubectl get nodes"},
      {Command::show_node, "kubectl get node {0}"},
      {Command::describe_node, "kubectl describe node {0}"},
      {Command::uncordon_node, "kubectl uncordon {0}"},
      {Command::untaint_node, "kubectl taint nodes {0} {1}-"},
      {Command::await_rollout, "kubectl --namespace={0} rollout status {1}"},
      {Command::await_ready, "kubectl --namespace={0} wait --for=condition=Ready pod/{1}"},
      {Command::delete_pod, "kubectl --namespace={0} delete pod {1}"},
      {Command::let_adopt,
       "kubectl --namespace={0} annotate --overwrite pod {1} "
       "controller.kubernetes.io/pod-deletion-cost=-2147483647 && "
       "kubectl --namespace={0} label --overwrite pod {2} pod-template-hash={3}"},
      {Command::restore_cost, "kubectl --namespace={0} annotate pod {1} controller.kubernetes.io/pod-deletion-cost-"},
      {Command::strip_marks,
       "kubectl --namespace={0} label pod {1} ms2m.io/id- && kubectl --namespace={0} annotate pod {1} "
       "ms2m.io/image-ready-"},
      {Command::delete_lease, "kubectl --namespace={0} delete lease {1}"},
      {Command::grant_checkpoint,
       "kubectl create clusterrole ms2m-kubelet-checkpoint --verb=create --resource=nodes/checkpoint && "
       "kubectl create clusterrolebinding ms2m-kubelet-checkpoint --clusterrole=ms2m-kubelet-checkpoint --user={0}"},
      {Command::list_autoscalers, "kubectl --namespace={0} get {1}"},
      {Command::pause_scaled_object,
       "kubectl --namespace={0} annotate --overwrite scaledobject {1} autoscaling.keda.sh/paused-replicas={2}"},
      {Command::go_on_scaling,
       "kubectl --namespace={0} annotate scaledobject {1} autoscaling.keda.sh/paused-replicas-"},
      {Command::bound_autoscaler, "kubectl --namespace={0} patch hpa {1} --type=merge --patch={2}"},
      {Command::show_cluster, "kubectl cluster-info"},
      {Command::list_agents, "kubectl --namespace={0} get pods -o wide --selector=app.kubernetes.io/name=ms2m-agent"},
      {Command::describe_agent, "kubectl --namespace={0} describe pod {1}"},
      {Command::restart_agents, "kubectl --namespace={0} rollout restart daemonset/ms2m-agent"},
      {Command::delete_queue, "rabbitmqctl@vhost delete_queue {0}"},
      {Command::list_policies, "rabbitmqctl@vhost list_policies"},
      {Command::set_permissions, "rabbitmqctl@vhost set_permissions {0} {1} {2} {3}"},
      {Command::list_permissions, "rabbitmqctl list_user_permissions {0}"},
      {Command::show_broker, "rabbitmqctl cluster_status"},
      {Command::name_broker, "rabbitmqctl set_cluster_name {0}"},
      {Command::list_migrations, "ms2m list"},
      {Command::show_status, "ms2m status {0}"},
      {Command::show_result, "ms2m report {0} -o json"},
      {Command::abort_migration, "ms2m abort {0}"},
      {Command::resume_migration, "ms2m resume {0}"},
      {Command::clean_up, "ms2m cleanup {0}"},
      {Command::check, "ms2m@place check pod/{0} --to {1} -n {2}"},
      {Command::recover_there, "ms2m {0} {1} --kubeconfig {2} --context {3}"},
      {Command::agent_manifest, "ms2m agent manifest --image {0}"},
      {Command::restart_service, "systemctl restart {0}"},
      {Command::look_at_file, "less {0}"},
      {Command::remove_directory, "rm -r {0}"},
      {Command::remove_file, "rm {0}"},
      {Command::make_private, "chmod 600 {0}"},
      {Command::renew_login, "kubectl get --raw /version"},
  };
  return all;
}

std::size_t gaps(const Form& form) {
  std::size_t count = 0;
  while (std::string_view(form.text).find(fmt::format("{{{}}}", count)) != std::string_view::npos) ++count;
  return count;
}

std::string command(Command which, const Place& place, const std::vector<std::string>& words) {
  const auto form = std::find_if(forms().begin(), forms().end(), [&](const Form& f) { return f.which == which; });
  if (form == forms().end() || gaps(*form) != words.size())
    throw Error(ErrorKind::usage, "a command is asked for with another number of words than it takes");
  std::string text;
  std::istringstream in(form->text);
  bool first = true;  // of a command: a tool's name
  for (std::string word; in >> word; first = word == "&&")
    text += (text.empty() ? "" : " ") + (first ? tool(word, place) : filled(word, words));
  return text;
}

std::string shell_word(std::string_view word) {
  if (!word.empty() && word.find('=') != 0 && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace ms2m::remedy
