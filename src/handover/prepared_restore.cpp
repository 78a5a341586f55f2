#include "handover/prepared_restore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/aside.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr Millis kPatience{120'000};  // of a kubelet, by default
constexpr Millis kLongest{200'000};   // CRI-O itself waits for 240 s (container_create_timeout)

RestoreStatus await_status(NodeRestores& restores, const PreparedRestore& restore,
                           const std::function<bool(const RestoreStatus&)>& enough, const StopToken& stop) {
  std::optional<RestoreStatus> seen;
  for (;;) {
    const RestoreStatus now = restores.watch(restore.node, restore.id, seen, stop);
    if (now.state == RestoreState::unknown || now.state == RestoreState::voided)
      throw Error(ErrorKind::failed,
                  fmt::format("restore {} on {} {}", restore.id, restore.node,
                              now.state == RestoreState::unknown ? "is gone" : "was taken back, or has expired"));
    if (!now.failure.empty()) throw Error(ErrorKind::failed, "the restore failed: " + now.failure);
    if (enough(now)) return now;
    seen = now;
  }
}

void await_waiting(const RestorePorts& ports, const PreparedRestore& restore, const ObjectRef& ref,
                   const std::string& container, const StopToken& stop) {
  const Aside node([&](const StopToken& until) {
    await_status(
        ports.restores, restore, [](const RestoreStatus& now) { return now.waiting; }, until);
  });
  const Aside pod([&](const StopToken& until) {
    ports.cluster.watch(
        ref,
        [&](const Json* now) {
          waits_with(now, container, "");
          return false;
        },
        until);
  });
  wait_until(
      [&] {
        const bool waits = node.ended();
        pod.check();
        node.check();
        return waits;
      },
      fmt::format("waiting for pod {} to wait for its data", ref.name), stop);
}

}  // namespace

Millis restore_wait(const std::optional<Millis>& kubelet_patience) {
  const Millis wait = kubelet_patience.value_or(kPatience) * 5 / 6;
  return std::clamp(wait, Millis{500}, kLongest);
}

Json bind_when_waiting(const RestorePorts& ports, const PreparedRestore& restore, const ObjectRef& ref,
                       const std::string& container, const StopToken& stop) {
  await_waiting(ports, restore, ref, container, stop);
  const auto pod = ports.cluster.get(ref, stop);
  waits_with(pod ? &*pod : nullptr, container, "");
  const std::string uid = pod_uid(*pod);
  const std::string root = ports.inspector.look(restore.node, {uid, "", {}}, stop).kubelet_root;
  if (root.empty())
    throw Error(ErrorKind::failed,
                fmt::format("the kubelet's directory of pod {} was not found on {}", ref.name, restore.node));
  ports.restores.bind(restore.node, restore.id, uid, root, stop);
  return *pod;
}

std::string await_restored(NodeRestores& restores, const PreparedRestore& restore, const StopToken& stop,
                           const std::function<void(bool kubelet)>& waits_for) {
  const auto lives = [&](const RestoreStatus& now) {
    const bool uncalled = now.state == RestoreState::prepared && !now.waiting;
    if (waits_for) waits_for(uncalled || (now.state == RestoreState::restored && !now.started));
    return (now.state == RestoreState::restored && now.started) || now.state == RestoreState::done;
  };
  return await_status(restores, restore, lives, stop).container_id;
}

}  // namespace ms2m
