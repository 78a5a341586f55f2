#include "undo/uncontrolled_operations.hpp"

#include "base/ids.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

bool other_pod(const Json& pod, const std::string& uid) { return pod.at("metadata").value("uid", "") != uid; }

}  // namespace

bool ever_started(const Json& pod, const std::string& container) {
  const Json* status = find_container_status(pod, container);
  if (status == nullptr) return false;
  const Json state = status->value("state", Json::object());
  return state.contains("running") || state.contains("terminated") ||
         !status->value("lastState", Json::object()).empty() || status->value("restartCount", 0) > 0;
}

void start_copy(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, text(o, "ns"), text(o, "pod")};
  const std::string container = text(o, "container"), queue = text(o, "queue");
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod) throw Error(ErrorKind::failed, "the target pod " + ref.name + " was deleted by somebody else");
  if (!ever_started(*pod, container)) {
    ports.images.point_name(text(o, "node"), text(o, "image"), text(o, "checkpoint"), stop);
    ports.cluster.patch(ref, PatchType::merge, {{"metadata", {{"annotations", {{kKickAnnotation, now_rfc3339()}}}}}},
                        stop);
    ports.cluster.watch(
        ref,
        [&](const Json* now) {
          check_restore(now, ref.name, container);
          return container_running(now, container);
        },
        stop);
  }
  // Nobody else can: the source is frozen and its connection is closed, the valve is open or dead.
  wait_for_depth(
      ports.broker, queue, [](const QueueDepth& d) { return d.consumers > 0; },
      "waiting for the restored consumer to connect", stop);
}

void thaw_source(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef copy{Kind::pod, text(o, "ns"), text(o, "copy")};
  const auto there = ports.cluster.get(copy, stop);
  if (there && there->at("metadata").value("labels", Json::object()).value(kIdLabel, "") == text(o, "id"))
    remove_at_once(ports.cluster, copy, there->at("metadata").at("uid"), stop);
  // False: its container has ended; what the kubelet started since is not frozen.
  ports.processes.thaw(text(o, "node"), text(o, "frozen"), stop);
  const auto source = ports.cluster.get({Kind::pod, text(o, "ns"), text(o, "pod")}, stop);
  if (!source || other_pod(*source, text(o, "uid"))) return;  // nobody to wait for
  const std::uint64_t others = o.value("others", std::uint64_t{0});
  wait_for_depth(
      ports.broker, text(o, "queue"), [&](const QueueDepth& d) { return d.consumers > others; },
      "waiting for the source to consume " + text(o, "queue"), stop);
}

void kill_when_deleted(Migrator::Ports& ports, const Json& o, const ObjectRef& ref, const StopToken& stop) {
  const std::string container = text(o, "frozen");
  if (container.empty()) return;
  await_kubelet_ends(ports.cluster, ref, text(o, "uid"), stop);
  // False: it has ended.
  ports.processes.kill(text(o, "node"), container, stop);
}

void retire_frozen(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, text(o, "ns"), text(o, "pod")};
  // It cannot end gently: it is frozen, and its state goes on elsewhere.
  ports.cluster.remove(ref, {text(o, "uid"), 1, ""}, stop);
  kill_when_deleted(ports, o, ref, stop);
  wait_pod_gone(ports.cluster, ref.ns, ref.name, text(o, "uid"), stop);
}

}  // namespace ms2m
