#include "engine/who_serves.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/runtime_class.hpp"
#include "ms2m/error.hpp"
#include "ms2m/node_setup.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

/// Where the source had to go first, nothing has waited for the copy's probe yet. It works already: so only as long as
/// it takes a kubelet to report a container and its first probe, and not until the next one of a slow period.
constexpr std::chrono::seconds kReadySoon{2};

/// By its image's name or its runtime class, which no controller gives a pod.
bool is_copy(const Json& pod) {
  if (runtime_class_of(pod) == kHandlerName) return true;
  const std::vector<std::string> images = images_of(pod);
  return std::any_of(images.begin(), images.end(), is_checkpoint_image_name);
}

std::string phase_of(const Json& pod) { return is_terminating(pod) ? "being deleted" : pod_phase(pod); }

Serving by(const Outcome& outcome, bool target, const std::string& node) {
  const bool same_name = outcome.source_pod == outcome.target_pod;
  const bool there = same_name ? node == outcome.target_node : target;
  return {there ? ServedBy::target : ServedBy::source, outcome.ns, target ? outcome.target_pod : outcome.source_pod,
          node, there};
}

/// `anew`: what its controller has lost, if it is that one's.
Serving at_work(const Json& pod, Serving serving, bool copy, const std::string& anew) {
  // The broker saw the copy consume: what the kubelet has not reported yet says nothing against it.
  if (copy ? pod_is_lost(&pod) : pod_phase(pod) != "Running")
    return {.who = ServedBy::nobody,
            .why = fmt::format("pod {}/{} on {} is {}{}", serving.ns, serving.pod, serving.node, phase_of(pod),
                               anew.empty() ? "" : ", started anew: " + anew)};
  if (!anew.empty()) {
    serving.who = ServedBy::started_anew;
    serving.why = anew;
  } else if (copy && !pod_is_ready(pod)) {
    serving.why = "not Ready yet";
  }
  return serving;
}

Serving who_serves(Cluster& cluster, const Outcome& outcome, bool target, const std::string& uid, bool own = false) {
  const std::string& name = target ? outcome.target_pod : outcome.source_pod;
  try {
    const auto pod = cluster.get({Kind::pod, outcome.ns, name}, StopToken().within(std::chrono::seconds(10)));
    if (!pod) return {.who = ServedBy::nobody, .why = fmt::format("pod {}/{} is gone", outcome.ns, name)};
    const bool copy = target && (own || is_copy(*pod));
    const char* anew = !uid.empty() && pod_uid(*pod) != uid ? "the pod that was to be moved is gone"
                       : target && !copy                    ? "the copy is gone"
                                                            : "";
    return at_work(*pod, by(outcome, target, pod_node(*pod)), copy, anew);
  } catch (const Error&) {
    return by(outcome, target, target ? outcome.target_node : outcome.source_node);
  }
}

}  // namespace

Serving target_serves(Cluster& cluster, const Outcome& outcome, bool own) {
  return who_serves(cluster, outcome, true, "", own);
}

Serving source_serves(Cluster& cluster, const Outcome& outcome, const std::string& uid) {
  return who_serves(cluster, outcome, false, uid);
}

void await_ready(Cluster& cluster, Observer& observer, const Outcome& outcome, const Place& place) {
  const ObjectRef ref{Kind::pod, outcome.ns, outcome.target_pod};
  try {
    cluster.watch(
        ref, [](const Json* pod) { return pod_is_lost(pod) || pod_is_ready(*pod); }, StopToken().within(kReadySoon));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) return;  // not to be found out
    Event event;
    event.type = Event::Type::warning;
    event.phase = Phase::finalizing;
    event.text =
        fmt::format("pod {}/{} consumes {} and is not Ready yet", outcome.ns, outcome.target_pod, outcome.queue);
    event.remedy = remedy::command(remedy::Command::await_ready, place, {outcome.ns, outcome.target_pod});
    observer.on(event);
  }
}

}  // namespace ms2m
