// Findings about the pod and its owner.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/traits.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

void check_running(const Facts& facts, std::vector<Finding>& out) {
  const std::string name = name_of(facts.pod);
  if (is_terminating(facts.pod))
    return refuse(out, "source-pod", fmt::format("pod {} is being deleted", name), "choose its successor");
  if (pod_phase(facts.pod) != "Running" || !container_running(&facts.pod, facts.container))
    return refuse(out, "source-pod", fmt::format("container {} of pod {} is not running", facts.container, name),
                  "wait until it runs");
  out.push_back({"source-pod", Level::ok,
                 fmt::format("container {} of pod {} is running on {}", facts.container, name, pod_node(facts.pod)),
                 ""});
}

/// Shadow and handoff delete the set and create it again: nobody may keep it from going, or bring it back before that.
void check_set(const Procedure& procedure, const Controller& set, std::vector<Finding>& out) {
  if (procedure.course == Course::sequential) return;
  if (!set.finalizers.empty())
    refuse(out, "owner",
           fmt::format("statefulset {} has the finalizer {}: it would not be gone when it is deleted", set.name,
                       set.finalizers.front()),
           "remove the finalizer, or use --strategy sequential, which does not delete the set");
  for (const auto& [mark, who] :
       {std::pair{"argocd.argoproj.io/", "Argo CD"}, std::pair{"kustomize.toolkit.fluxcd.io/", "Flux"},
        std::pair{"helm.toolkit.fluxcd.io/", "Flux"}})
    for (const std::string& key : set.marks)
      if (key.rfind(mark, 0) == 0)
        return out.push_back(
            {"owner", Level::warning,
             fmt::format("statefulset {} is deployed by {}, which could create it again while ms2m has it deleted "
                         "for some seconds",
                         set.name, who),
             fmt::format("suspend {} for this application meanwhile, or use --strategy sequential", who)});
}

void check_owner(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto ref = controller_of(facts.pod);
  if (!ref) {
    out.push_back({"owner", Level::ok, "the pod has no controller", ""});
    return;
  }
  const std::string &kind = ref->kind, &name = ref->name;
  const auto& owner = facts.owner;
  if (kind != "ReplicaSet" && kind != "StatefulSet")
    return refuse(out, "owner",
                  fmt::format("a pod of a {} ({}) cannot be moved: its controller would replace the copy", kind, name),
                  "only bare pods and pods of Deployments, ReplicaSets and StatefulSets can be moved");
  if (owner && kind == "StatefulSet" && owner->owner)
    return refuse(
        out, "owner",
        fmt::format("statefulset {} belongs to a {}, which would create it again at once", name, owner->owner->kind),
        "pause that operator's reconciliation, or move the pod by its own means");
  if (owner && kind == "ReplicaSet" && template_hash_of(facts.pod).empty())
    return refuse(
        out, "owner",
        fmt::format(
            "replicaset {} selects its pods without the label {}: it would adopt the copy at once, and delete it", name,
            kTemplateHash),
        "only ReplicaSets of a Deployment can be moved");
  if (!owner && !facts.asked(Question::owner)) return;
  if (!owner)
    return refuse(out, "owner", fmt::format("{} {} does not exist any more", kind, name),
                  "wait for the garbage collector");
  if (facts.deployment && facts.deployment->rolling)
    return refuse(out, "owner", fmt::format("a rollout of deployment {} is under way", facts.deployment->name),
                  "wait for it: " + remedy::command(remedy::Command::await_rollout, request.place,
                                                    {facts.ns, "deployment/" + facts.deployment->name}));
  if (facts.deployment && facts.deployment->paused)
    out.push_back({"owner", Level::warning, "the deployment is paused", ""});
  if (kind == "StatefulSet" && owner->rolling)
    return refuse(out, "owner", fmt::format("a rollout of statefulset {} is under way", name),
                  "wait for it: " + remedy::command(remedy::Command::await_rollout, request.place,
                                                    {facts.ns, "statefulset/" + name}));
  if (kind == "StatefulSet" && facts.procedure.course == Course::fanout)
    return refuse(out, "owner",
                  "--replay fanout needs the copy beside the source, and a StatefulSet's pod keeps its name",
                  "use the exact replay (the default)");
  if (kind == "StatefulSet") check_set(facts.procedure, *owner, out);
  out.push_back({"owner", Level::ok, fmt::format("owned by {} {}", kind, name), ""});
}

/// ms2m deletes, it does not evict: nobody but it looks at a budget.
void check_budgets(const Facts& facts, std::vector<Finding>& out) {
  for (const DisruptionBudget& budget : facts.disruption_budgets) {
    if (budget.allowed > 0 || !guards(budget, facts.pod)) continue;
    const std::string text = fmt::format("PodDisruptionBudget {} allows no disruption now", budget.name);
    if (facts.procedure.course == Course::sequential)
      refuse(out, "disruption-budget", text + ", and sequential takes the pod away before its copy comes",
             "use --strategy shadow, which never has fewer pods that serve than before");
    else if (facts.procedure.course == Course::in_place)
      out.push_back({"disruption-budget", Level::warning,
                     text + ": a StatefulSet's pod is gone for the moment of its handoff",
                     "use --strategy shadow, which never has fewer pods that serve than before"});
    else
      out.push_back({"disruption-budget", Level::warning,
                     text + ": the source goes only when its copy serves, so it is not touched", ""});
  }
}

/// What runs beside the process that moves.
void check_companions(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const std::vector<std::string> names = companions_of(facts.pod, facts.container);
  if (names.empty()) return;
  out.push_back({"containers", Level::warning,
                 fmt::format("only container {} moves with its state; {} {} afresh on {}", facts.container,
                             fmt::join(names, ", "), names.size() == 1 ? "starts" : "start", request.target_node),
                 ""});
}

void refuse_full_host_name(std::vector<Finding>& out) {
  refuse(out, "host-name",
         "the pod's host name is its full domain name (setHostnameAsFQDN), and so is that of its control queue, "
         "which ms2m does not know",
         "run the workload without setHostnameAsFQDN");
}

/// Parts of the specification that a restored process or a pod without a scheduler cannot have.
void check_specification(const Facts& facts, std::vector<Finding>& out) {
  const PodTraits traits = traits_of(facts.pod);
  if (traits.host_network)
    refuse(out, "host-network", "the pod uses the host's network: CRIU cannot restore it in another host's",
           "run the workload without hostNetwork");
  for (const auto& [key, used] : {std::pair{"hostPID", traits.host_pid}, std::pair{"hostIPC", traits.host_ipc}})
    if (used)
      refuse(out, "host-namespaces", fmt::format("the pod uses {}: its process cannot be restored elsewhere", key),
             "run the workload without it");
  if (facts.source.look.listens_on_own_address)
    refuse(out, "sockets",
           fmt::format("container {} listens on the pod's own address, and the copy has another", facts.container),
           "let it listen on all addresses (0.0.0.0 or ::)");
  if (traits.full_host_name && facts.procedure.protocol == Protocol::control) refuse_full_host_name(out);
  if (traits.shared_processes)
    refuse(out, "host-namespaces",
           "the pod's containers share their processes: CRIU restores each process under its own number, which another "
           "container's may have there",
           "run the workload without shareProcessNamespace");
  if (traits.user_namespace)
    refuse(out, "user-namespace",
           "the pod has a user namespace of its own (hostUsers: false), and the copy would get one with other numbers",
           "run the workload without hostUsers: false");
  if (traits.resource_claims)
    refuse(out, "resource-claims",
           "the pod has resource claims: what a device holds cannot be checkpointed, and the scheduler alone can "
           "allocate them",
           "run the workload without resourceClaims");
  const auto finalizers = finalizers_of(facts.pod);
  if (!finalizers.empty() && facts.procedure.keeps_name())
    refuse(out, "finalizers",
           fmt::format("the pod has the finalizer {}: when its name is free again is up to somebody else",
                       finalizers.front()),
           "remove the finalizer, or what sets it");
}

/// What the copy's kubelet does that no checkpoint knows of.
void check_life_cycle(const Facts& facts, std::vector<Finding>& out) {
  const auto container = container_in(facts.pod, facts.container);
  if (container && container->post_start)
    out.push_back({"life-cycle", Level::warning,
                   fmt::format("the postStart hook of container {} runs once more, in the restored process's container",
                               facts.container),
                   ""});
  const std::vector<std::string> gates = traits_of(facts.pod).readiness_gates;
  if (!gates.empty())
    out.push_back({"readiness-gates", Level::warning,
                   fmt::format("readiness gate {}: the source stays, quiet, until somebody has set it for the copy",
                               fmt::join(gates, ", ")),
                   "make sure that whoever sets it sees the copy"});
}

/// What keeps two of it from running at a time, or its control queue from being known.
void check_fresh_specification(const Facts& facts, std::vector<Finding>& out) {
  const PodTraits traits = traits_of(facts.pod);
  if (traits.host_network)
    refuse(out, "host-network",
           "the pod uses the host's network, so its host name, and that of its control queue, is "
           "its node's",
           "run the workload without hostNetwork");
  if (traits.full_host_name) refuse_full_host_name(out);
  if (traits.resource_claims)
    refuse(out, "resource-claims", "the pod has resource claims, which the scheduler alone can allocate",
           "run the workload without resourceClaims");
}

}  // namespace

namespace {

void check_no_owner(const Facts& facts, std::vector<Finding>& out) {
  if (const auto owner = controller_of(facts.pod))
    refuse(
        out, "owner",
        fmt::format("the pod belongs to {} {}, and --strategy replay moves bare pods only", owner->kind, owner->name),
        "a controller's pod that rebuilds its state from the stream is moved by deleting it, with a pause");
  else
    out.push_back({"owner", Level::ok, "the pod has no controller", ""});
}

}  // namespace

void check_fresh_pod(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  check_running(facts, out);
  check_no_owner(facts, out);
  check_budgets(facts, out);
  check_companions(facts, request, out);
  check_fresh_specification(facts, out);
  check_fresh_volumes(facts, request, out);
}

void check_pod(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  check_running(facts, out);
  if (facts.procedure.of_stream())
    check_no_owner(facts, out);
  else
    check_owner(facts, request, out);
  if (facts.procedure.course == Course::sequential) check_sequential(facts, request, out);
  check_budgets(facts, out);
  check_companions(facts, request, out);
  check_specification(facts, out);
  check_life_cycle(facts, out);
}

}  // namespace ms2m
