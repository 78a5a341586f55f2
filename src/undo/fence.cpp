#include "undo/fence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// Its node thaws a frozen copy after that, whatever has become of ms2m: by then its pod is being deleted.
constexpr std::chrono::minutes kFreezeLimit{2};
/// The node counts from a moment of its own.
constexpr std::chrono::milliseconds kMargin{5000};
/// A kubelet looks at its runtime every second.
constexpr std::chrono::seconds kToldWithin{20};
constexpr std::chrono::seconds kThawLimit{10};

std::set<std::string> named_containers(const Json& pod) {
  const auto ids = known_containers(pod);
  return {ids.begin(), ids.end()};
}

}  // namespace

Fence::Fence(const Migrator::Ports& ports, const ObjectRef& ref, const Json& pod, const StopToken& stop)
    : ports_(ports), ref_(ref), uid_(pod_uid(pod)), node_(pod_node(pod)), limit_(stop.within(kFreezeLimit)) {
  try {
    freeze(pod);
  } catch (...) {
    thaw();
    throw;
  }
}

Fence::~Fence() {
  if (!condemned_) thaw();
}

void Fence::thaw() noexcept {
  for (const std::string& id : frozen_) try {
      ports_.processes.thaw(node_, id, StopToken().within(kThawLimit));
    } catch (...) {
    }
}

void Fence::freeze(Json pod) {
  for (std::set<std::string> ended;; pod = await_end_of(ended)) {
    known_ = named_containers(pod);
    ended.clear();
    for (const std::string& id : running_containers(pod)) {
      // Before its answer, which may be lost.
      if (frozen_.insert(id).second &&
          !ports_.processes.freeze(node_, id, {limit_.remaining(kFreezeLimit), AtEnd::thaw}, limit_)) {
        frozen_.erase(id);
        ended.insert(id);
      }
    }
    if (ended.empty()) return;
  }
}

Json Fence::await_end_of(const std::set<std::string>& containers) const {
  Json pod;
  try {
    ports_.cluster.watch(
        ref_,
        [&](const Json* now) {
          if (pod_is_lost(now) || pod_uid(*now) != uid_)
            throw Error(ErrorKind::inconsistent, fmt::format("the pod {}/{} is gone", ref_.ns, ref_.name));
          const auto running = running_containers(*now);
          pod = *now;
          return std::none_of(running.begin(), running.end(),
                              [&](const std::string& id) { return containers.contains(id); });
        },
        limit_.within(kToldWithin));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::timeout,
                fmt::format("container {:.20} was not found on node {}, and its kubelet says that it "
                            "runs",
                            *containers.begin(), node_));
  }
  return pod;
}

bool Fence::holds() const {
  return limit_.remaining(2 * kMargin) > kMargin &&
         std::all_of(frozen_.begin(), frozen_.end(),
                     [&](const std::string& id) { return ports_.processes.holds(node_, id); });
}

void Fence::condemn() {
  if (!holds())
    throw Error(ErrorKind::unavailable,
                fmt::format("the freeze of pod {}/{} on node {} has ended too early", ref_.ns, ref_.name, node_));
  for (const std::string& id : frozen_)
    ports_.processes.freeze(node_, id, {limit_.remaining(kFreezeLimit), AtEnd::kill}, limit_);
  condemned_ = true;
}

bool Fence::kill(const StopToken& stop) {
  bool all = true;
  for (const std::string& id : frozen_) try {
      ports_.processes.kill(node_, id, stop);  // false: it has ended
    } catch (const Error&) {
      all = false;
    }
  return all;
}

bool Fence::covers(const Json& pod) const {
  const auto named = named_containers(pod);
  return std::includes(known_.begin(), known_.end(), named.begin(), named.end());
}

}  // namespace ms2m
