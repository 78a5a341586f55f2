#include "preflight/preflight.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kube/objects/container.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/selector.hpp"
#include "ms2m/remedy.hpp"
#include "preflight/cpu_fit.hpp"
#include "preflight/node_fit.hpp"

namespace ms2m {
namespace {

void check_rights(const Facts& facts, std::vector<Finding>& out) {
  std::vector<std::string> missing;
  for (const Right& right : facts.missing_rights) missing.push_back(to_string(right));
  std::sort(missing.begin(), missing.end());
  if (missing.empty() && facts.asked(Question::rights))
    out.push_back({"rights", Level::ok, "the needed rights are granted", ""});
  else if (!missing.empty())
    out.push_back({"rights", Level::refusal, fmt::format("you may not {}", fmt::join(missing, ", ")),
                   "grant them with examples/rbac.yaml"});
}

/// No kubelet asks for it, but the scheduler would never have put the pod there. Only what names the node itself is
/// looked at.
void check_anti_affinity(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  for (const AntiAffinity& term : demands_of(facts.pod).apart) {
    const auto meant = [&](const std::string& ns) {
      return term.namespaces.empty()
                 ? ns == facts.ns
                 : std::find(term.namespaces.begin(), term.namespaces.end(), ns) != term.namespaces.end();
    };
    for (const Occupant& other : facts.target_node_pods)
      if (!other.over && meant(other.ns) && selects(term.selector, other.labels))
        return refuse(out, "target-node",
                      fmt::format("the pod's required anti-affinity forbids a node with pod {}, and that is on {}",
                                  other.name, request.target_node),
                      "choose another node, or change the workload's anti-affinity first");
  }
}

void check_target(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!facts.target.node) {
    if (!facts.asked(Question::target_node)) return;
    out.push_back({"target-node", Level::refusal, fmt::format("node {} does not exist", request.target_node),
                   "what there is: " + remedy::command(remedy::Command::list_nodes, request.place)});
    return;
  }
  if (request.target_node == pod_node(facts.pod)) {
    out.push_back({"target-node", Level::refusal,
                   fmt::format("pod {} is on node {} already", request.pod, request.target_node),
                   "choose another node"});
    return;
  }
  const Node& target = *facts.target.node;
  const auto speaking_against = misfits(demands_of(facts.pod), target, facts.target_node_pods, request.place);
  for (const Misfit& misfit : speaking_against)
    out.push_back({"target-node", Level::refusal, misfit.text, misfit.cure});
  check_anti_affinity(facts, request, out);
  if (speaking_against.empty())
    out.push_back(
        {"target-node", Level::ok, fmt::format("node {} is Ready and takes the pod", request.target_node), ""});
  if (!facts.source.node) return;
  const Node& source = *facts.source.node;
  if (source.architecture != target.architecture)
    out.push_back(
        {"architecture", Level::refusal,
         fmt::format("the source node is {}, the target node is {}", source.architecture, target.architecture),
         "choose a node of the same architecture"});
  if (source.kernel != target.kernel && facts.procedure.moves_memory())
    out.push_back({"kernel", Level::warning,
                   fmt::format("the nodes run different kernels ({}, {}): CRIU may refuse the restore", source.kernel,
                               target.kernel),
                   ""});
}

void check_processors(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (facts.source.access || facts.target.access) return;
  const std::string source_node = pod_node(facts.pod), &target_node = request.target_node;
  if (facts.source.look.features.empty() || facts.target.look.features.empty()) {
    out.push_back({"cpu", Level::warning,
                   fmt::format("the processors of {} and {} could not be compared", source_node, target_node), ""});
    return;
  }
  const LackingFeatures lacking = lacking_features(facts.source.look.features, facts.target.look.features);
  if (!lacking.instructions.empty())
    out.push_back({"cpu", Level::refusal,
                   fmt::format("the processor of {} lacks features of {} that the process may be using: {}",
                               target_node, source_node, fmt::join(lacking.instructions, ", ")),
                   "choose a node with the same or a newer processor"});
  else if (!lacking.others.empty())
    out.push_back({"cpu", Level::warning,
                   fmt::format("the processor of {} lacks features of {} that are of use to the kernel alone: {}",
                               target_node, source_node, fmt::join(lacking.others, ", ")),
                   ""});
  else
    out.push_back(
        {"cpu", Level::ok, fmt::format("the processor of {} has every feature of {}", target_node, source_node), ""});
}

/// What a node itself has said names it, as a rule.
std::string of_node(const std::string& name, const std::string& text) {
  const std::string node = "node " + name;
  return text.find(node) == std::string::npos ? node + ": " + text : text;
}

void check_access(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto one = [&](const NodeFacts& node, const std::string& name) {
    if (node.access)
      out.push_back({"node-access", Level::refusal, fmt::format("cannot work on node {}: {}", name, node.access->text),
                     node.access->cure});
    else if (node.tool_trouble && !facts.procedure.by_handler())
      out.push_back({"image-tool", Level::refusal, of_node(name, node.tool_trouble->text), node.tool_trouble->cure});
    else
      out.push_back({"node-access", Level::ok,
                     fmt::format("node {} reached{}", name, node.tool.empty() ? "" : ", " + node.tool), ""});
  };
  one(facts.source, pod_node(facts.pod));
  one(facts.target, request.target_node);
}

/// The target's kubelet pulls it as ever; the handler compares the IDs again before it restores anything.
void check_own_image(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const std::string id = source_image_id(facts), &node = request.target_node;
  const auto container = container_in(facts.pod, facts.container);
  if (id.empty() || !container) return;  // refused
  const auto& there = facts.target.named ? facts.target.named : facts.target.image;
  if (there && there->id != id)
    return refuse(out, "base-image",
                  fmt::format("image {} is another one on node {} (ID {:.12}) than the one that the container runs "
                              "(ID {:.12})",
                              container->image, node, there->id, id),
                  fmt::format("let {} pull that very image, by its digest", node));
  if (there)
    out.push_back({"base-image", Level::ok, fmt::format("base image {:.12} is on both nodes", id), ""});
  else if (container->pull_policy == "Never")
    refuse(out, "base-image",
           fmt::format("image {} (ID {:.12}) is not on node {}, and the pod says that nobody may pull it",
                       container->image, id, node),
           fmt::format("let {} pull the same image (by its digest)", node));
  else
    out.push_back({"base-image", Level::ok,
                   fmt::format("image {} is not seen on node {}: its kubelet pulls it before the source is touched",
                               container->image, node),
                   ""});
}

void check_image(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (facts.procedure.by_handler()) return check_own_image(facts, request, out);
  if (facts.source.access || facts.target.access || facts.source.tool_trouble || facts.target.tool_trouble) return;
  const std::string source_node = pod_node(facts.pod);
  if (!facts.source.image) {
    out.push_back({"base-image", Level::refusal,
                   fmt::format("image {} of the running container is not in the image store of {}", facts.base_image,
                               source_node),
                   "pull it there again under the same ID, or restart the pod with an image that is there"});
  } else if (!facts.target.image || facts.target.image->id != facts.source.image->id) {
    const std::string name = facts.source.image->names.empty() ? facts.base_image : facts.source.image->names.front();
    out.push_back({"base-image", Level::refusal,
                   fmt::format("image {} (ID {:.12}) is not on node {} under the same ID", name, facts.source.image->id,
                               request.target_node),
                   fmt::format("let {} pull the same image (by its digest), or copy it from {} with skopeo",
                               request.target_node, source_node)});
  } else {
    out.push_back(
        {"base-image", Level::ok, fmt::format("base image {:.12} is on both nodes", facts.source.image->id), ""});
  }
}

/// What the runtime has dumped lies on the node for as long as ms2m's session with it, and has nothing in it that a
/// container runtime's own restore asks for.
void check_dump(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (facts.procedure.source_first())
    return refuse(out, "checkpoint",
                  "--checkpoint runtime is not for a pod that is gone before its copy is there: the checkpoint must "
                  "outlive ms2m",
                  "use --checkpoint kubelet, or --strategy shadow");
  if (!facts.procedure.by_handler())
    return refuse(out, "checkpoint", "--checkpoint runtime makes no archive that can be restored from an image",
                  "use --checkpoint kubelet, or see that the runtime handler restores the copy (ms2m node setup)");
  out.push_back({"checkpoint", Level::ok, "the OCI runtime of the source's node makes the checkpoint", ""});
  if (facts.procedure.memory_follows()) check_pages(facts, request, out);
}

void check_gate(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (facts.procedure.checkpoint == CheckpointBy::runtime) return check_dump(facts, request, out);
  if (!facts.asked(Question::source_gate)) return;
  if (!facts.checkpoint_gate)
    out.push_back(
        {"checkpoint-gate", Level::warning, "the kubelet does not say whether checkpoints are switched on", ""});
  else if (*facts.checkpoint_gate)
    out.push_back({"checkpoint-gate", Level::ok, "checkpoints are switched on at the source's kubelet", ""});
  else
    out.push_back({"checkpoint-gate", Level::refusal,
                   fmt::format("the kubelet of {} has checkpoints switched off", pod_node(facts.pod)),
                   "enable the feature gate ContainerCheckpoint there"});
}

/// A StatefulSet's pod that takes its name later: for some seconds copy and pod are on the target together, and the
/// copy is checkpointed there (identity.hpp). What is wrong then would be found when the source is gone.
void check_renaming(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!facts.procedure.renamed_later() || !facts.target.node) return;
  const bool shadow = facts.procedure.relays();
  const std::string move = shadow ? "shadow of a StatefulSet's pod" : "--protocol none for a StatefulSet's pod";
  const auto refuse = [&](const char* check, std::string text, const std::string& cure) {
    out.push_back({check, Level::refusal, std::move(text),
                   cure + (shadow ? ", or use --strategy handoff" : ", or let the consumer follow ms2m-protocol(7)")});
  };
  if (facts.target_gate && !*facts.target_gate)
    refuse("checkpoint-gate",
           fmt::format("the kubelet of {} has checkpoints switched off, and {} needs one there too",
                       request.target_node, move),
           "enable the feature gate ContainerCheckpoint there");
  const Node& target = *facts.target.node;
  const NodeDemands demands = demands_of(facts.pod);
  std::vector<Occupant> others = facts.target_node_pods;
  if (!misfits(demands, target, others, request.place).empty()) return;  // said already
  others.push_back(parse_occupant(facts.pod));
  for (const Misfit& misfit : misfits(demands, target, others, request.place))
    refuse("target-node",
           fmt::format("{} needs room for two such pods on the target for some seconds: {}", move, misfit.text),
           "make room there");
}

void check_lease(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!facts.lease || request.take_over_lease) return;
  const std::string id = facts.lease->migration;
  const std::string end = id.empty() ? "end it" : remedy::command(remedy::Command::abort_migration, {}, {id});
  out.push_back(
      {"lease", Level::refusal,
       fmt::format("another migration of pod {} is under way: {}", request.pod, to_string(*facts.lease)),
       fmt::format("wait for it; if that process is gone: {} where it was begun, or migrate with --take-over", end)});
}

/// The word of the findings that the answer would have led to.
const char* subject(Question question) {
  switch (question) {
    case Question::rights:
      return "rights";
    case Question::source_node:
    case Question::target_node:
    case Question::target_pods:
      return "target-node";
    case Question::owner:
      return "owner";
    case Question::claims:
    case Question::volumes:
      return "volumes";
    case Question::autoscalers:
      return "autoscaler";
    case Question::budgets:
      return "disruption-budget";
    case Question::runtime_class:
      return "node-handler";
    case Question::lease:
      return "lease";
    case Question::source_gate:
    case Question::target_gate:
      return "checkpoint-gate";
    case Question::archives:
      return "node-access";
    case Question::broker:
      return "broker";
    case Question::broker_rights:
      return "broker-rights";
    case Question::queue:
      return "queue";
    case Question::control_queue:
    case Question::status:
      return "protocol";
    case Question::management:
      return "management-api";
    case Question::policies:
      return "policy";
    case Question::alarms:
      return "alarm";
  }
  return "?";
}

Finding unanswered(const Unasked& unasked) {
  return {unasked.needed ? subject(unasked.question) : "unchecked", unasked.needed ? Level::refusal : Level::warning,
          unasked.trouble.text, unasked.trouble.cure, false};
}

}  // namespace

void refuse(std::vector<Finding>& out, const char* check, std::string text, std::string cure) {
  out.push_back({check, Level::refusal, std::move(text), std::move(cure)});
}

namespace {

/// Nothing is checkpointed, and nothing done on a node but by its kubelet.
void check_replay_of(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& findings) {
  check_fresh_pod(facts, request, findings);
  check_target(facts, request, findings);
  check_broker(facts, request, findings);
  check_stream(facts, request, findings);
  check_source_exit(facts, findings);
}

void check_move_of_memory(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& findings) {
  check_pod(facts, request, findings);
  check_scaling(facts, request, findings);
  check_environment_and_devices(facts, findings);
  check_target(facts, request, findings);
  check_access(facts, request, findings);
  check_processors(facts, request, findings);
  check_image(facts, request, findings);
  check_gate(facts, request, findings);
  check_tools(facts, request, findings);
  check_handler(facts, request, findings);
  check_renaming(facts, request, findings);
  check_volumes(facts, request, findings);
  check_descriptors(facts, findings);
  check_broker(facts, request, findings);
  check_freezes(facts, findings);
  if (facts.procedure.of_stream())
    check_stream(facts, request, findings);
  else
    check_quieting(facts, request, findings);
  check_source_exit(facts, findings);
  check_way(facts, request, findings);
  check_registry(facts, findings);
  check_bandwidth(facts, request, findings);
  if (facts.procedure.course == Course::valve) check_behind_valve(facts, request, findings);
}

}  // namespace

std::vector<Finding> preflight(const Facts& facts, const MigrationRequest& request) {
  std::vector<Finding> findings;
  check_rights(facts, findings);
  check_lease(facts, request, findings);  // first: a migration that is under way explains what else is strange
  if (facts.procedure.moves_memory())
    check_move_of_memory(facts, request, findings);
  else
    check_replay_of(facts, request, findings);
  for (const Unasked& each : facts.unasked) findings.push_back(unanswered(each));
  return findings;
}

}  // namespace ms2m
