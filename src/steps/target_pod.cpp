// The copy's pod, which waits beside the source for its image.
#include <fmt/format.h>

#include "journal/operation.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "steps/steps.hpp"

namespace ms2m {

void check_admitted(const Run& run, const Json& admitted) {
  const Plan& plan = run.plan;
  const Json* container = find_container(admitted, plan.container);
  const std::string image = container == nullptr ? "" : container->value("image", ""),
                    policy = container == nullptr ? "" : container->value("imagePullPolicy", "");
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

namespace {

Announced pod_of(const Plan& plan) {
  return {fmt::format("create pod {}/{} on {}, waiting for image {}", plan.ns, plan.target_pod, plan.target_node,
                      plan.image),
          op::DeletePod{plan.ns, plan.target_pod, plan.id}, op::StripMarks{plan.ns, plan.target_pod}};
}

std::vector<Announced> announce_pod(const Move& move) { return {pod_of(move.plan)}; }

void run_pod(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  journal_announced(run, Phase::preparing, pod_of(plan));
  check_admitted(run, run.ports.cluster.create({Kind::pod, plan.ns, plan.target_pod}, plan.target_spec, {}, stop));
}

/// The reason why the container waits, and its message; throws when the pod can never run.
std::pair<std::string, std::string> waiting(const Json* pod, const std::string& container) {
  if (pod == nullptr) throw Error(ErrorKind::failed, "the target pod was deleted by somebody else");
  const Json status = pod->value("status", Json::object());
  if (status.value("phase", "") == "Failed")
    throw Error(ErrorKind::failed, fmt::format("the target's kubelet rejected the pod: {} {}",
                                               status.value("reason", ""), status.value("message", "")));
  const Json* own = find_container_status(*pod, container);
  if (own == nullptr) return {};
  const Json state = own->value("state", Json::object()).value("waiting", Json::object());
  return {state.value("reason", ""), state.value("message", "")};
}

void run_warm(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.restore));
  run.ports.cluster.watch(
      {Kind::pod, run.plan.ns, run.plan.target_pod},
      [&](const Json* pod) {
        if (pod != nullptr) run.target_addresses = addresses_of(*pod);
        const auto [reason, message] = waiting(pod, run.plan.container);
        // An admission plugin that makes every pull policy Always would let the kubelet look for the image in a
        // registry.
        for (const char* fatal : {"CreateContainerError", "InvalidImageName", "CreateContainerConfigError",
                                  "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
          if (reason == fatal)
            throw Error(ErrorKind::failed, fmt::format("the target pod cannot start: {}: {}", reason, message));
        return reason == "ErrImageNeverPull";
      },
      limit);
  run.warm_at = Clock::now();
  run.tell(Phase::preparing, fmt::format("pod {} is ready for its image", run.plan.target_pod));
}

void run_kick_works(Run& run, const StopToken& stop) {
  // The kubelet answers a kick at once only when its pod cache is newer than its last sync of the pod; the cache is
  // relisted once a second (DESIGN section 6, measured).
  const auto left = *run.warm_at + Millis{1100} - Clock::now();
  if (left > Clock::duration::zero())
    stop.sleep(std::chrono::ceil<Millis>(left), "waiting for the target pod to settle");
}

/// Whatever admission has against the copy must come out before the source is touched.
void run_trial(Run& run, const StopToken& stop) {
  Json trial = run.plan.target_spec;
  trial["metadata"]["name"] = "ms2m-trial-" + run.plan.id;
  check_admitted(run,
                 run.ports.cluster.create({Kind::pod, run.plan.ns, "ms2m-trial-" + run.plan.id}, trial, {true}, stop));
}

}  // namespace

const Step step::create_target_pod{Phase::preparing, announce_pod, run_pod};
const Step step::await_target_waiting{Phase::preparing, nothing, run_warm};
const Step step::await_kick_works{Phase::preparing, nothing, run_kick_works};
const Step step::try_creation{Phase::preparing, nothing, run_trial};

}  // namespace ms2m
