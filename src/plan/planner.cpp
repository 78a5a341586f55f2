#include "plan/planner.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/selector.hpp"
#include "kube/objects/traits.hpp"
#include "plan/limits.hpp"
#include "plan/pages.hpp"
#include "plan/prediction.hpp"
#include "plan/rounds.hpp"

namespace ms2m {
namespace {

/// "cri-o://1.36.1"
std::string runtime_of(const NodeFacts& node) { return node.node ? node.node->runtime : ""; }

void sequential_notes(Plan& plan, const Facts& facts) {
  plan.notes.push_back(
      fmt::format("sequential: the published baseline, for comparison: nobody works on the queue from the checkpoint "
                  "until the source has ended in its own time, up to {} s, and the copy lives",
                  grace_period(facts.pod).count()));
  if (plan.procedure.workload != Workload::stateful_set || !facts.owner) return;
  const auto label = deciding_label(facts.owner->selector, labels_of(facts.pod));
  if (label)
    plan.notes.push_back(
        fmt::format("until the set is scaled up again, pod {} is without the label {}: a Service or NetworkPolicy that "
                    "selects by it does not see the pod",
                    plan.target_pod, *label));
}

void stream_notes(Plan& plan) {
  plan.notes.push_back(
      "side effects are the source's up to the offset at which it stops, and the target's after it; an application "
      "that does not heed the role \"target\" does those before it twice");
}

void replay_notes(Plan& plan) {
  plan.notes.push_back(
      "replay: the state is made anew from the stream, so it must follow from its messages alone; nothing else of the "
      "process moves");
  stream_notes(plan);
  plan.notes.push_back(fmt::format("a bare pod cannot be renamed: it is called {} afterwards", plan.target_pod));
}

void plan_notes(Plan& plan, const MigrationRequest& request, const Facts& facts) {
  if (plan.procedure.course == Course::replay) return replay_notes(plan);
  plan.notes.push_back(
      "the program that works on the nodes for ms2m stays there, for the next time: in /var/cache/ms2m, unless it is "
      "installed "
      "as /usr/libexec/ms2m/ms2m-node");
  if (plan.procedure.carriage == Carriage::registry)
    plan.notes.push_back(
        "what goes through a registry can be pulled by whoever may pull there, memory and secrets included, until it "
        "is "
        "deleted at the move's end, and lies on the registry's disk until its own collection of garbage");
  if (plan.procedure.relays())
    plan.notes.push_back(
        "shadow: what arrives between checkpoint and cut-over is processed by source AND target; an application with "
        "side effects must mute them on one of the two (payload.role)");
  if (plan.procedure.course == Course::hybrid) {
    plan.notes.push_back(
        "replay from a checkpoint: the source stands still for the checkpoint and serves on; its restored copy reads "
        "the stream from where it was then");
    stream_notes(plan);
  }
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
        "second {} on {}; two {}",
        plan.target_pod, plan.source_pod, to_string(plan.procedure.strategy), plan.target_node,
        plan.procedure.relays() ? "small pauses, where --strategy handoff has one larger one and is done sooner"
                                : "pauses, and twice the consumer connects anew"));
  if (plan.procedure.rounds > 0)
    plan.notes.push_back(fmt::format(
        "pre-copy: memory is carried while the source works, which stands still for {} further checkpoint{}; after it "
        "has become quiet only the pages that differ travel (--precopy off)",
        plan.procedure.rounds, plan.procedure.rounds == 1 ? "" : "s"));
  if (plan.procedure.pages == Pages::lazy)
    plan.notes.push_back(
        fmt::format("lazy: for up to about {:.1f} s after the hand-over a part of {}'s memory is still on {}; should "
                    "{}, the way between "
                    "the nodes or ms2m die in that time, what the copy has done since the hand-over is lost, and {} "
                    "goes on from where "
                    "it was; should {} die, the copy ends with it (--pages stream)",
                    plan.lazy_window->count(), plan.target_pod, plan.source_node, plan.target_node, plan.source_pod,
                    plan.source_node));
  if (plan.procedure.pages == Pages::stream)
    plan.notes.push_back(fmt::format(
        "memory to memory: from the checkpoint until the copy has the last page of its memory, {} stands still; should "
        "anything fail before, it goes on (--pages files)",
        plan.source_pod));
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
  if (const auto owner = controller_of(facts.pod)) plan.owner = owner->name;
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
  if (plan.procedure.restoring == Restoring::image) {
    plan.image = checkpoint_image_name(container_in(facts.pod, facts.container)->image, known_image_names(facts),
                                       plan.target_pod, id);
    plan.stored_image = name_in_store(plan.image, known_image_names(facts));
  }
  const QueueNames names = queue_names(id);
  if (plan.procedure.protocol == Protocol::control) {
    plan.hold_queue = names.hold;
    plan.dead_man_queue = names.dead_man;
  }
  plan.source_control_queue = control_queue(pod_hostname(facts.pod));

  PodEdits edits{plan.target_pod,
                 plan.target_node,
                 plan.container,
                 plan.image,
                 id,
                 {},
                 plan.procedure.restoring == Restoring::fresh};
  if (plan.procedure.workload == Workload::replica_set && !template_hash_of(facts.pod).empty())
    edits.without_labels.push_back(kTemplateHash);
  TargetPod target = make_target_pod(facts.pod, edits);
  plan.target_spec = std::move(target.pod);
  plan.notes = std::move(target.notes);
  plan.target_control_queue = control_queue(pod_hostname(plan.target_spec));
  plan.diff = diff_pods(facts.pod, plan.target_spec);
  plan.procedure.rounds = rounds_of(plan, request, facts, past);
  if (plan.procedure.pages == Pages::lazy) plan.lazy_window = memory_time(facts, request);
  plan_notes(plan, request, facts);
  plan.predicted = predict(plan, request, facts, past);
  return plan;
}

}  // namespace ms2m
