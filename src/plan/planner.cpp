#include "plan/planner.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/selector.hpp"
#include "plan/limits.hpp"
#include "plan/prediction.hpp"

namespace ms2m {
namespace {

/// "cri-o://1.36.1"
std::string runtime_of(const NodeFacts& node) {
  if (!node.object) return "";
  return node.object->value("/status/nodeInfo/containerRuntimeVersion"_json_pointer, "");
}

std::string hash_label(const Facts& facts) {
  return facts.pod.at("metadata").value("labels", Json::object()).value(kTemplateHash, "");
}

void step(Plan& plan, Phase phase, std::string text, std::string undo = "") {
  plan.steps.push_back({phase, std::move(text), std::move(undo)});
}

// What several strategies do.
void lease_step(Plan& plan) {
  step(plan, Phase::preparing, fmt::format("create lease {}/ms2m-{}", plan.ns, plan.source_pod), "delete it");
}

void waiting_pod_step(Plan& plan) {
  step(plan, Phase::preparing,
       fmt::format("create pod {}/{} on {}, waiting for image {}", plan.ns, plan.target_pod, plan.target_node,
                   plan.image),
       "delete it");
}

void checkpoint_step(Plan& plan) {
  step(plan, Phase::checkpointing, fmt::format("checkpoint container {} on {}", plan.container, plan.source_node),
       "remove the archive");
}

void transfer_steps(Plan& plan, const std::string& image) {
  step(plan, Phase::transferring, fmt::format("stream the archive to {}:{}/{}", plan.target_node, kLayoutRoot, plan.id),
       "remove the directory");
  step(plan, Phase::transferring, fmt::format("import it as {}", image), "remove the image");
}

void disarm_step(Plan& plan) {
  step(plan, Phase::transferring,
       "pivot: take the dead man's message; from here the move is completed, by a resume if need be");
}

void hand_over_step(Plan& plan) {
  step(plan, Phase::replaying, fmt::format("send {} to {}", plan.target_pod, plan.queue));
}

/// `rest`: what is deleted besides.
void clean_up_steps(Plan& plan, const char* rest) {
  step(plan, Phase::finalizing,
       fmt::format("point {} at the original image, remove the checkpoint image and the archive", plan.stored_image));
  step(plan, Phase::finalizing, fmt::format("delete {}", rest));
}

void plan_set_steps(Plan& plan) {
  const std::string back = fmt::format("restore it on {} from the archive", plan.source_node);
  step(plan, Phase::transferring,
       fmt::format("meanwhile delete statefulset {}/{} and leave its pods", plan.ns, plan.owner),
       "create it again: its object is in the journal");
  disarm_step(plan);
  step(plan, Phase::restoring,
       fmt::format("delete the quiet pod {} and end its processes on {}", plan.source_pod, plan.source_node), back);
  step(plan, Phase::restoring,
       fmt::format("create pod {} on {} from image {}", plan.target_pod, plan.target_node, plan.image), back);
  hand_over_step(plan);
  step(plan, Phase::finalizing,
       fmt::format("create statefulset {}/{} again; it adopts {}", plan.ns, plan.owner, plan.target_pod));
  clean_up_steps(plan, "ms2m's queues and the lease");
}

/// The second half of a shadow: identity.hpp.
void plan_identity_steps(Plan& plan) {
  const auto last = [&](std::string text, std::string undo = "") {
    step(plan, Phase::finalizing, std::move(text), std::move(undo));
  };
  last(fmt::format("delete the quiet pod {} and end its processes on {}", plan.source_pod, plan.source_node),
       fmt::format("{} serves", plan.target_pod));
  last(fmt::format("create pod {} on {}, waiting for its image", plan.source_pod, plan.target_node), "delete it");
  last(fmt::format("once more on {0}: {1} quiet, checkpoint, import, relay to {1} and {2}", plan.target_node,
                   plan.target_pod, plan.source_pod),
       fmt::format("send {} back to {}", plan.target_pod, plan.queue));
  last(fmt::format("second pivot: send {} to {}; delete pod {}", plan.source_pod, plan.queue, plan.target_pod));
  last(fmt::format("create statefulset {}/{} again; it adopts {}", plan.ns, plan.owner, plan.source_pod));
  last("point the image names at the original image, remove the checkpoint images and the archives");
  last("delete ms2m's queues, the copy's control queue and the leases");
}

/// Also for a bare pod, which has no set to scale.
void plan_sequential_steps(Plan& plan, const Facts& facts) {
  const bool set = plan.procedure.workload == Workload::stateful_set;
  const int replicas = facts.owner ? facts.owner->at("spec").value("replicas", 1) : 1;
  const std::string back = fmt::format("restore it on {} from the archive", plan.source_node);
  disarm_step(plan);
  if (set)
    step(plan, Phase::restoring, fmt::format("scale statefulset {}/{} to {}", plan.ns, plan.owner, replicas - 1));
  step(plan, Phase::restoring,
       fmt::format("{} the quiet pod {} and wait until it has ended", set ? "let the set delete" : "delete",
                   plan.source_pod),
       back);
  step(plan, Phase::restoring,
       fmt::format("create pod {} on {} from image {}{}", plan.target_pod, plan.target_node, plan.image,
                   set ? ", hidden from the set's selector" : ""),
       back);
  hand_over_step(plan);
  if (set)
    step(plan, Phase::finalizing,
         fmt::format("scale statefulset {}/{} to {} and label {}, which it adopts", plan.ns, plan.owner, replicas,
                     plan.target_pod));
  clean_up_steps(plan, "ms2m's queues and the lease");
}

void plan_uncontrolled_steps(Plan& plan) {
  lease_step(plan);
  waiting_pod_step(plan);
  step(plan, Phase::checkpointing,
       fmt::format("close the valve of {}: hold its messages until {} has acknowledged the rest", plan.queue,
                   plan.source_pod),
       "open it; the messages return in order");
  checkpoint_step(plan);
  transfer_steps(plan, staged_image_name(plan.stored_image));
  step(
      plan, Phase::restoring,
      fmt::format("freeze container {} on {} and close its connection to the broker", plan.container, plan.source_node),
      "thaw it; it connects again");
  step(plan, Phase::restoring,
       fmt::format("pivot: name the image {} and annotate pod {} so that the kubelet restores it", plan.stored_image,
                   plan.target_pod),
       "when it fails: take the copy away and thaw the source");
  step(plan, Phase::replaying, fmt::format("open the valve once {} consumes {}", plan.target_pod, plan.queue));
  if (plan.procedure.workload == Workload::replica_set)
    step(plan, Phase::finalizing,
         fmt::format("let ReplicaSet {} adopt {} and delete {}, and kill the frozen process", plan.owner,
                     plan.target_pod, plan.source_pod));
  else
    step(plan, Phase::finalizing,
         fmt::format("delete pod {}/{} and kill its frozen process", plan.ns, plan.source_pod));
  clean_up_steps(plan, "the lease");
}

void plan_steps(Plan& plan, const MigrationRequest& request, const Facts& facts) {
  if (request.protocol == Protocol::none) return plan_uncontrolled_steps(plan);
  const QueueNames names = queue_names(plan.id);
  const bool shadow = request.strategy == Strategy::shadow, sequential = request.strategy == Strategy::sequential;
  const bool set = plan.procedure.workload == Workload::stateful_set,
             in_place = sequential || (set && request.strategy == Strategy::handoff);
  lease_step(plan);
  step(plan, Phase::preparing, fmt::format("declare queues {}, {}", names.hold, names.pivot), "delete them");
  if (shadow)
    step(plan, Phase::preparing,
         fmt::format("declare exchange {} and queues {}, {}", names.tee, names.source, names.target), "delete them");
  if (!in_place) waiting_pod_step(plan);
  step(plan, Phase::preparing,
       fmt::format("arm the dead man's switch {} ({} s)", names.dead_man, request.dead_man.count() / 1000),
       "delete the queue");
  step(plan, Phase::checkpointing, fmt::format("send {} to the empty queue {}", plan.source_pod, names.hold),
       fmt::format("send it back to {}", plan.queue));
  checkpoint_step(plan);
  if (shadow)
    step(plan, Phase::checkpointing, fmt::format("relay {} through {} to source and target", plan.queue, names.tee),
         "stop the relay; the source finishes its queue");
  transfer_steps(plan, plan.stored_image);
  if (sequential) return plan_sequential_steps(plan, facts);
  if (in_place) return plan_set_steps(plan);
  step(plan, Phase::restoring, fmt::format("annotate pod {} so that the kubelet restores it", plan.target_pod));
  if (set)
    step(plan, Phase::replaying, fmt::format("delete statefulset {}/{} and leave its pods", plan.ns, plan.owner),
         "create it again: its object is in the journal");
  step(plan, Phase::replaying,
       fmt::format("pivot: take the dead man's message and send {} to {}, in one transaction", plan.target_pod,
                   plan.queue));
  if (set) return plan_identity_steps(plan);
  if (plan.procedure.workload == Workload::replica_set)
    step(plan, Phase::finalizing,
         fmt::format("let ReplicaSet {} adopt {} and delete {}", plan.owner, plan.target_pod, plan.source_pod));
  else
    step(plan, Phase::finalizing, fmt::format("delete pod {}/{}", plan.ns, plan.source_pod));
  clean_up_steps(plan, "ms2m's queues, the source's control queue and the lease");
}

int grace_seconds(const Facts& facts) { return facts.pod.at("spec").value("terminationGracePeriodSeconds", 30); }

void sequential_notes(Plan& plan, const Facts& facts) {
  plan.notes.push_back(
      fmt::format("sequential: the published baseline, for comparison: nobody works on the queue from the checkpoint "
                  "until the source has ended in its own time, up to {} s, and the copy lives",
                  grace_seconds(facts)));
  if (plan.procedure.workload != Workload::stateful_set || !facts.owner) return;
  const auto label = deciding_label(facts.owner->at("spec").value("selector", Json::object()),
                                    facts.pod.at("metadata").value("labels", Json::object()));
  if (label)
    plan.notes.push_back(
        fmt::format("until the set is scaled up again, pod {} is without the label {}: a Service or NetworkPolicy that "
                    "selects by it does not see the pod",
                    plan.target_pod, *label));
}

void plan_notes(Plan& plan, const MigrationRequest& request, const Facts& facts) {
  plan.notes.push_back(
      "the program that works on the nodes for ms2m stays there, for the next time: in /var/cache/ms2m, where it is "
      "not "
      "installed as /usr/libexec/ms2m/ms2m-node");
  if (plan.procedure.relays())
    plan.notes.push_back(
        "shadow: what arrives between checkpoint and cut-over is processed by source AND target; an application with "
        "side effects must mute them on one of the two (payload.role)");
  if (plan.procedure.course == Course::valve)
    plan.notes.push_back(fmt::format(
        "no control protocol: should ms2m be killed in the tenths of a second before the copy starts, nobody serves "
        "until a resume; a freeze before that ends by itself after {} s",
        freeze_limit(request).count() / 1000));
  if (plan.procedure.course == Course::fanout)
    plan.notes.push_back(
        "fanout: the published procedure loses the backlog at the bind and doubles what is processed between bind and "
        "freeze; for comparison only");
  if (plan.procedure.course == Course::sequential) return sequential_notes(plan, facts);
  if (plan.procedure.renamed_later())
    plan.notes.push_back(fmt::format(
        "a StatefulSet's pod keeps its name: {} serves for some seconds, then its process takes the name {} by a "
        "second shadow on {}; two small pauses, where --strategy handoff has one larger one and is done sooner",
        plan.target_pod, plan.source_pod, plan.target_node));
  if (plan.procedure.workload == Workload::bare_pod)
    plan.notes.push_back(fmt::format("a bare pod cannot be renamed: it is called {} afterwards", plan.target_pod));
}

}  // namespace

Plan make_plan(const MigrationRequest& request, const Facts& facts, const std::string& id,
               const std::vector<PastMove>& past) {
  Plan plan;
  plan.id = id;
  plan.procedure = facts.procedure;
  plan.procedure.source_runtime = runtime_of(facts.source);
  plan.procedure.target_runtime = runtime_of(facts.target);
  if (const Json* ref = controller_of(facts.pod)) plan.owner = ref->value("name", "");
  plan.ns = facts.ns;
  plan.source_pod = request.pod;
  plan.source_uid = pod_uid(facts.pod);
  plan.source_node = pod_node(facts.pod);
  plan.target_node = request.target_node;
  plan.container = facts.container;
  plan.queue = request.queue;
  plan.target_pod = request.target_name.empty() ? target_pod_name(facts.pod, id) : request.target_name;
  if (plan.procedure.workload == Workload::replica_set && request.target_name.empty())
    plan.target_pod = name_with_suffix(plan.owner, id.substr(0, 5));
  if (plan.procedure.workload == Workload::stateful_set)
    plan.target_pod = plan.procedure.renamed_later() ? target_pod_name(facts.pod, id) : plan.source_pod;
  if (plan.procedure.source_first()) plan.target_pod = plan.source_pod;
  plan.image = checkpoint_image_name(find_container(facts.pod, facts.container)->value("image", ""),
                                     known_image_names(facts), plan.target_pod, id);
  plan.stored_image = name_in_store(plan.image, known_image_names(facts));
  const QueueNames names = queue_names(id);
  if (plan.procedure.protocol == Protocol::control) {
    plan.hold_queue = names.hold;
    plan.dead_man_queue = names.dead_man;
  }
  plan.source_control_queue = control_queue(pod_hostname(facts.pod));

  PodEdits edits{plan.target_pod, plan.target_node, plan.container, plan.image, id, {}};
  if (plan.procedure.workload == Workload::replica_set && !hash_label(facts).empty())
    edits.without_labels.push_back(kTemplateHash);
  TargetPod target = make_target_pod(facts.pod, edits);
  plan.target_spec = std::move(target.pod);
  plan.notes = std::move(target.notes);
  plan.target_control_queue = control_queue(pod_hostname(plan.target_spec));
  plan.diff = diff_pods(facts.pod, plan.target_spec);
  if (!plan.queue.empty()) plan_steps(plan, request, facts);  // else nobody knows what they are about
  plan_notes(plan, request, facts);
  plan.predicted = predict(plan, request, facts, past);
  return plan;
}

}  // namespace ms2m
