#include "steps/target_pod.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/runtime_class.hpp"
#include "ms2m/error.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m {
namespace {

/// The handler looks at the image's ID.
void check_for_handler(const Plan& plan, const Json& admitted) {
  const Labels annotations = annotations_of(admitted);
  const auto found = annotations.find(kRestoreAnnotation);
  const bool annotated = found != annotations.end() && found->second == restore_mark(plan.id, plan.container);
  if (annotated && runtime_class_of(admitted) == kHandlerName) return;
  throw Error(ErrorKind::refused,
              fmt::format("the cluster's admission takes the {} away from the target pod",
                          annotated ? "runtime class ms2m" : std::string("annotation ") + kRestoreAnnotation),
              "exempt the namespace from that webhook, or use --restore image");
}

/// Throws Error{refused} when admission made of the target pod what no kubelet could restore.
void check_admitted(const Plan& plan, const Json& admitted) {
  const auto container = container_in(admitted, plan.container);
  const std::string image = container ? container->image : "", policy = container ? container->pull_policy : "";
  if (plan.procedure.by_handler()) return check_for_handler(plan, admitted);
  if (plan.procedure.restoring == Restoring::fresh) return;
  if (image == plan.image && policy == "Never") return;
  throw Error(
      ErrorKind::refused,
      image != plan.image
          ? fmt::format("the cluster's admission changes the image of the target pod from {} to {}", plan.image, image)
          : fmt::format("the cluster's admission makes the image pull policy of the target pod {}: its kubelet would "
                        "look for the checkpoint in a registry",
                        policy),
      "exempt the namespace, or images like this one, from the webhook or from the admission plugin AlwaysPullImages");
}

std::string made_for(const Plan& plan) {
  if (plan.procedure.restoring == Restoring::fresh) return "fresh, from its own image";
  return "waiting for " + (plan.procedure.by_handler() ? "its data" : "image " + plan.image);
}

Announced pod_of(const Plan& plan) {
  return {fmt::format("create pod {}/{} on {}, {}", plan.ns, plan.target_pod, plan.target_node, made_for(plan)),
          op::DeletePod{plan.ns, plan.target_pod, plan.id}, op::StripMarks{plan.ns, plan.target_pod}};
}

}  // namespace

std::vector<Announced> CreateTargetPod::announce(const Move& move) { return {pod_of(move.plan)}; }

Ran CreateTargetPod::run(const StopToken& stop) const {
  journal_announced(journal, Phase::preparing, pod_of(plan));
  check_admitted(plan, cluster.create({Kind::pod, plan.ns, plan.target_pod}, plan.target_spec, {}, stop));
  return {};
}

Ran AwaitTargetWaiting::run(const StopToken& stop) const {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.restore));
  cluster.watch(
      {Kind::pod, move.plan.ns, move.plan.target_pod},
      [&](const Json* pod) {
        if (pod != nullptr) copy.addresses = addresses_of(*pod);
        return waits_with(pod, move.plan.container, "ErrImageNeverPull");
      },
      limit);
  copy.since = Clock::now();
  tell(observer, Phase::preparing, fmt::format("pod {} is ready for its image", move.plan.target_pod));
  return {};
}

Ran AwaitKickWorks::run(const StopToken& stop) const {
  // The kubelet answers a kick at once only when its pod cache is newer than its last sync of the pod; the cache is
  // relisted once a second (DESIGN section 6, measured).
  const auto left = *copy.since + Millis{1100} - Clock::now();
  if (left > Clock::duration::zero())
    stop.sleep(std::chrono::ceil<Millis>(left), "waiting for the target pod to settle");
  return {};
}

Ran TryCreation::run(const StopToken& stop) const {
  const std::string name = "ms2m-trial-" + plan.id;
  check_admitted(plan, cluster.create({Kind::pod, plan.ns, name}, renamed(plan.target_spec, name), {true}, stop));
  return {};
}

}  // namespace ms2m
