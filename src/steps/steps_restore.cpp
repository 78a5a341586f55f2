#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/facts.hpp"
#include "steps/steps.hpp"
#include "undo/operations.hpp"

namespace ms2m {

std::string architecture_of(const NodeFacts& node) {
  return node.object->value("status", Json::object()).value("nodeInfo", Json::object()).value("architecture", "amd64");
}

void transfer(Run& run, const StopToken& stop) { transfer_as(run, run.plan.stored_image, stop); }

void transfer_as(Run& run, const std::string& image, const StopToken& stop) {
  const Plan& plan = run.plan;
  const std::string directory = std::string(kLayoutRoot) + "/" + plan.id;
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.transfer));
  run.journal.effect(Phase::transferring, "stream the archive to " + plan.target_node,
                     op::remove_layout(plan.target_node, directory), op::remove_layout(plan.target_node, directory));
  const auto progress = [&](Bytes done, std::optional<Bytes> total) {
    Event event;
    event.type = Event::Type::progress;
    event.phase = Phase::transferring;
    event.done = done;
    event.total = total;
    run.observer.on(event);
  };
  const MoveResult moved =
      run.ports.carrier.move({plan.source_node, run.archive, plan.target_node, directory}, progress, limit);
  run.measures.bytes = moved.bytes;
  check_guards(run);
  const bool final = image == plan.stored_image;
  run.journal.effect(
      Phase::transferring, "import image " + image,
      final ? op::remove_image_name(plan.target_node, image) : op::remove_staged_name(plan.target_node, image),
      final ? Operation(op::settle_image(plan.target_node, image, run.facts.source.image->id, plan.ns, plan.target_pod))
            : op::remove_staged_name(plan.target_node, image));
  const std::string architecture = architecture_of(run.facts.target);
  const std::string& id = run.checkpoint_image = run.ports.images.import_checkpoint(
      plan.target_node,
      {directory, moved.sha256, moved.bytes, image, plan.container, architecture, run.facts.source.image->user}, limit);
  // The name will point at the original image; the checkpoint itself holds the memory and must go whatever happens.
  run.journal.effect(Phase::transferring, "checkpoint image " + id, op::remove_image(plan.target_node, id),
                     op::remove_image(plan.target_node, id));
  run.step(Phase::transferring, "image " + image + " is on " + plan.target_node);
}

Arrival arrival_of(const Run& run, const std::string& queue, std::uint64_t consumers, std::uint64_t ours) {
  const bool control = run.plan.procedure.protocol == Protocol::control;
  Arrival arrival{queue, consumers, control ? run.plan.target_control_queue : "", addresses_of(run.facts.pod), ours};
  // On one node and in its network the two have one address.
  if (run.plan.source_node == run.plan.target_node && run.facts.pod.at("spec").value("hostNetwork", false))
    arrival.strangers.clear();
  return arrival;
}

void restore(Run& run, const std::string& queue, std::uint64_t consumers, const StopToken& stop) {
  const Plan& plan = run.plan;
  const ObjectRef ref{Kind::pod, plan.ns, plan.target_pod};
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.restore));
  // Any change of the pod makes the kubelet look again instead of backing off.
  const Json kick{{"metadata", {{"annotations", {{kKickAnnotation, now_rfc3339()}}}}}};
  run.ports.cluster.patch(ref, PatchType::merge, kick, limit);

  // (Without the control protocol the copy itself comes to the primary; in the published procedure the source never
  // leaves it.)
  const bool nobody_else = run.quiet_at && run.plan.procedure.protocol == Protocol::control;
  const std::uint64_t ours = (run.valve ? 1 : 0) + (run.pump ? 1 : 0);
  run.target_instance = wait_restored(
      run.ports, ref, plan.container, arrival_of(run, queue, consumers, queue == plan.queue ? ours : 0),
      [&](bool now_running) {
        if (now_running) run.step(Phase::restoring, "container " + plan.container + " is running");
        check_guards(run);
        if (nobody_else) check_nobody_came(run, ours, limit);
      },
      limit);
  run.step(Phase::restoring, fmt::format("pod {} lives and talks to the broker", plan.target_pod));
}

}  // namespace ms2m
