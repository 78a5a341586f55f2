#include "undo/husk.hpp"

#include <algorithm>

#include "kube/objects/container.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// For a controller to delete its pod, and its kubelet to hear of it. Short: a quiet source that lost its connection by
/// its heartbeats, and wakes up after all, could come back to the primary.
constexpr Millis kLimit{5000};
/// Between the freeze's end and the kubelet's patience.
constexpr Millis kMargin{500};
constexpr std::chrono::seconds kFreezing{5}, kThawing{5};

/// Not positive: it may not stand still at all.
Millis bearable(const Json& pod, const std::string& container) {
  const auto found = container_in(pod, container);
  if (!found || !found->liveness) return kLimit;
  return std::min(kLimit, std::chrono::duration_cast<Millis>(unanswered_for(*found->liveness)) - kMargin);
}

/// "cri-o://08eb..." of "cri-o://08eb... 0".
std::string id_in(const Json& pod, const std::string& container) {
  const std::string instance = instance_in(pod, container);
  return instance.substr(0, instance.find(' '));
}

}  // namespace

Husk::Husk(const Migrator::Ports& ports, const ObjectRef& ref, const std::string& uid, const std::string& container,
           const StopToken& stop)
    : ports_(ports) {
  if (container.empty()) return;
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod || pod_uid(*pod) != uid) return;
  const Millis limit = bearable(*pod, container);
  const std::string id = id_in(*pod, container);
  // A containerd whose container was killed in its freezer keeps it: whoever asks for the pod's next one may get that.
  if (limit <= Millis{0} || id.empty() || id.starts_with("containerd://")) return;
  node_ = pod_node(*pod);
  frozen_ = id;  // before its answer, which may be lost
  try {
    if (!ports.processes.freeze(node_, id, {limit, AtEnd::thaw}, stop.within(kFreezing))) frozen_.clear();
  } catch (const Error&) {
    stop.check("freezing what is left of pod " + ref.name);
  }
}

Husk::~Husk() {
  if (frozen_.empty()) return;
  try {
    ports_.processes.thaw(node_, frozen_, StopToken().within(kThawing));
  } catch (...) {  // its node does it by itself
  }
}

}  // namespace ms2m
