// Findings about the pod and its owner.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/selector.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

void check_running(const Facts& facts, std::vector<Finding>& out) {
  const std::string name = pod_name(facts.pod);
  if (facts.pod.at("metadata").contains("deletionTimestamp"))
    return refuse(out, "source-pod", fmt::format("pod {} is being deleted", name), "choose its successor");
  const Json* status = find_container_status(facts.pod, facts.container);
  const bool running = status != nullptr && status->value("state", Json::object()).contains("running");
  if (facts.pod.value("status", Json::object()).value("phase", "") != "Running" || !running)
    return refuse(out, "source-pod", fmt::format("container {} of pod {} is not running", facts.container, name),
                  "wait until it runs");
  out.push_back({"source-pod", Level::ok,
                 fmt::format("container {} of pod {} is running on {}", facts.container, name, pod_node(facts.pod)),
                 ""});
}

bool rolling(const Json& workload) {
  const Json status = workload.value("status", Json::object());
  const std::int64_t replicas = workload.at("spec").value("replicas", 1);
  return status.value("observedGeneration", 0) != workload.at("metadata").value("generation", 0) ||
         status.value("updatedReplicas", std::int64_t{0}) != replicas ||
         status.value("replicas", std::int64_t{0}) != replicas;
}

/// Shadow and handoff delete the set and create it again: nobody may keep it from going, or bring it back before that.
void check_set(const Facts& facts, std::vector<Finding>& out) {
  if (facts.procedure.course == Course::sequential) return;
  const Json& metadata = facts.owner->at("metadata");
  const std::string name = pod_name(*facts.owner);
  const Json finalizers = metadata.value("finalizers", Json::array());
  if (!finalizers.empty())
    refuse(out, "owner",
           fmt::format("statefulset {} has the finalizer {}: it would not be gone when it is deleted", name,
                       finalizers[0].get<std::string>()),
           "remove the finalizer, or use --strategy sequential, which does not delete the set");
  for (const auto& [mark, who] :
       {std::pair{"argocd.argoproj.io/", "Argo CD"}, std::pair{"kustomize.toolkit.fluxcd.io/", "Flux"},
        std::pair{"helm.toolkit.fluxcd.io/", "Flux"}})
    for (const char* map : {"labels", "annotations"}) {
      const Json marks = metadata.value(map, Json::object());
      for (const auto& [key, value] : marks.items())
        if (key.rfind(mark, 0) == 0)
          return out.push_back(
              {"owner", Level::warning,
               fmt::format("statefulset {} is deployed by {}, which could create it again while ms2m has it deleted "
                           "for some seconds",
                           name, who),
               fmt::format("suspend {} for this application meanwhile, or use --strategy sequential", who)});
    }
}

void check_owner(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const Json* ref = controller_of(facts.pod);
  if (ref == nullptr) {
    out.push_back({"owner", Level::ok, "the pod has no controller", ""});
    return;
  }
  const std::string kind = ref->value("kind", ""), name = ref->value("name", "");
  if (kind != "ReplicaSet" && kind != "StatefulSet")
    return refuse(out, "owner",
                  fmt::format("a pod of a {} ({}) cannot be moved: its controller would replace the copy", kind, name),
                  "only bare pods and pods of Deployments, ReplicaSets and StatefulSets can be moved");
  if (facts.owner && kind == "StatefulSet" && controller_of(*facts.owner) != nullptr)
    return refuse(out, "owner",
                  fmt::format("statefulset {} belongs to a {}, which would create it again at once", name,
                              controller_of(*facts.owner)->value("kind", "")),
                  "pause that operator's reconciliation, or move the pod by its own means");
  if (facts.owner && kind == "ReplicaSet" &&
      !facts.pod.at("metadata").value("labels", Json::object()).contains(kTemplateHash))
    return refuse(
        out, "owner",
        fmt::format(
            "replicaset {} selects its pods without the label {}: it would adopt the copy at once, and delete it", name,
            kTemplateHash),
        "only ReplicaSets of a Deployment can be moved");
  if (!facts.owner && !facts.asked(Question::owner)) return;
  if (!facts.owner)
    return refuse(out, "owner", fmt::format("{} {} does not exist any more", kind, name),
                  "wait for the garbage collector");
  if (facts.deployment && rolling(*facts.deployment))
    return refuse(
        out, "owner",
        fmt::format("a rollout of deployment {} is under way", facts.deployment->at("metadata").value("name", "")),
        "wait for it: " + remedy::command(remedy::Command::await_rollout, request.place,
                                          {facts.ns, "deployment/" + pod_name(*facts.deployment)}));
  if (facts.deployment && facts.deployment->at("spec").value("paused", false))
    out.push_back({"owner", Level::warning, "the deployment is paused", ""});
  if (kind == "StatefulSet" && rolling(*facts.owner))
    return refuse(out, "owner", fmt::format("a rollout of statefulset {} is under way", name),
                  "wait for it: " + remedy::command(remedy::Command::await_rollout, request.place,
                                                    {facts.ns, "statefulset/" + name}));
  if (kind == "StatefulSet" && facts.procedure.course == Course::fanout)
    return refuse(out, "owner",
                  "--replay fanout needs the copy beside the source, and a StatefulSet's pod keeps its name",
                  "use the exact replay (the default)");
  if (kind == "StatefulSet") check_set(facts, out);
  out.push_back({"owner", Level::ok, fmt::format("owned by {} {}", kind, name), ""});
}

/// ms2m deletes, it does not evict: nobody but it looks at a budget.
void check_budgets(const Facts& facts, std::vector<Finding>& out) {
  const Json labels = facts.pod.at("metadata").value("labels", Json::object());
  for (const Json& budget : facts.disruption_budgets) {
    // policy/v1: an empty selector selects every pod, none at all selects no pod.
    const Json selector = budget.value("spec", Json::object()).value("selector", Json());
    if (!selector.is_object() || !selects(selector, labels)) continue;
    if (budget.value("status", Json::object()).value("disruptionsAllowed", 0) > 0) continue;
    const std::string text =
        fmt::format("PodDisruptionBudget {} allows no disruption now", budget.at("metadata").value("name", ""));
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
  std::vector<std::string> names;
  for (const Json& container : facts.pod.at("spec").value("initContainers", Json::array()))
    if (container.value("restartPolicy", "") == "Always") names.push_back(container.value("name", ""));
  for (const Json& container : facts.pod.at("spec").at("containers"))
    if (container.value("name", "") != facts.container) names.push_back(container.value("name", ""));
  if (names.empty()) return;
  out.push_back({"containers", Level::warning,
                 fmt::format("only container {} moves with its state; {} {} afresh on {}", facts.container,
                             fmt::join(names, ", "), names.size() == 1 ? "starts" : "start", request.target_node),
                 ""});
}

/// Parts of the specification that a restored process or a pod without a scheduler cannot have.
void check_specification(const Facts& facts, std::vector<Finding>& out) {
  const Json& spec = facts.pod.at("spec");
  if (spec.value("hostNetwork", false))
    refuse(out, "host-network", "the pod uses the host's network: CRIU cannot restore it in another host's",
           "run the workload without hostNetwork");
  for (const char* key : {"hostPID", "hostIPC"})
    if (spec.value(key, false))
      refuse(out, "host-namespaces", fmt::format("the pod uses {}: its process cannot be restored elsewhere", key),
             "run the workload without it");
  if (facts.source.look.listens_on_own_address)
    refuse(out, "sockets",
           fmt::format("container {} listens on the pod's own address, and the copy has another", facts.container),
           "let it listen on all addresses (0.0.0.0 or ::)");
  if (spec.value("setHostnameAsFQDN", false) && !spec.value("subdomain", "").empty() &&
      facts.procedure.protocol == Protocol::control)
    refuse(out, "host-name",
           "the pod's host name is its full domain name (setHostnameAsFQDN), and so is that of its control queue, "
           "which ms2m does not know",
           "run the workload without setHostnameAsFQDN");
  if (spec.value("shareProcessNamespace", false))
    refuse(out, "host-namespaces",
           "the pod's containers share their processes: CRIU restores each process under its own number, which another "
           "container's may have there",
           "run the workload without shareProcessNamespace");
  if (!spec.value("hostUsers", true))
    refuse(out, "user-namespace",
           "the pod has a user namespace of its own (hostUsers: false), and the copy would get one with other numbers",
           "run the workload without hostUsers: false");
  if (!spec.value("resourceClaims", Json::array()).empty())
    refuse(out, "resource-claims",
           "the pod has resource claims: what a device holds cannot be checkpointed, and the scheduler alone can "
           "allocate them",
           "run the workload without resourceClaims");
  const Json finalizers = facts.pod.at("metadata").value("finalizers", Json::array());
  if (!finalizers.empty() && facts.procedure.keeps_name())
    refuse(out, "finalizers",
           fmt::format("the pod has the finalizer {}: when its name is free again is up to somebody else",
                       finalizers[0].get<std::string>()),
           "remove the finalizer, or what sets it");
}

/// What the copy's kubelet does that no checkpoint knows of.
void check_life_cycle(const Facts& facts, std::vector<Finding>& out) {
  const Json* container = find_container(facts.pod, facts.container);
  if (container->value("lifecycle", Json::object()).contains("postStart"))
    out.push_back({"life-cycle", Level::warning,
                   fmt::format("the postStart hook of container {} runs once more, in the restored process's container",
                               facts.container),
                   ""});
  std::vector<std::string> gates;
  for (const Json& gate : facts.pod.at("spec").value("readinessGates", Json::array()))
    gates.push_back(gate.value("conditionType", ""));
  if (!gates.empty())
    out.push_back({"readiness-gates", Level::warning,
                   fmt::format("readiness gate {}: the source stays, quiet, until somebody has set it for the copy",
                               fmt::join(gates, ", ")),
                   "make sure that whoever sets it sees the copy"});
}

}  // namespace

void check_pod(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  check_running(facts, out);
  check_owner(facts, request, out);
  if (facts.procedure.course == Course::sequential) check_sequential(facts, request, out);
  check_budgets(facts, out);
  check_companions(facts, request, out);
  check_specification(facts, out);
  check_life_cycle(facts, out);
}

}  // namespace ms2m
