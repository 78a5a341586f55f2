#include "migration/waits.hpp"

#include <fmt/format.h>

#include "migration/pod_spec.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void wait_for_depth(Broker& broker, const std::string& queue, const std::function<bool(const QueueDepth&)>& done,
                    const std::string& doing, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  for (;;) {
    if (done(broker.depth(queue, stop).value_or(QueueDepth{}))) return;
    stop.sleep(Clock::now() - begin < std::chrono::seconds(1) ? Millis{2} : Millis{20}, doing);
  }
}

void wait_pod_gone(Cluster& cluster, const std::string& ns, const std::string& pod, const std::string& uid, const StopToken& stop) {
  cluster.watch(
      {Kind::pod, ns, pod},
      [&](const Json* object) { return object == nullptr || (!uid.empty() && object->at("metadata").at("uid") != uid); }, stop);
}

bool pod_is_ready(const Json& pod) {
  const auto status = pod.find("status");
  if (status == pod.end() || !status->contains("conditions")) return false;
  for (const Json& condition : status->at("conditions"))
    if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
  return false;
}

bool container_running(const Json* pod, const std::string& container) {
  const Json* own = find_container_status(*pod, container);
  return own != nullptr && own->value("state", Json::object()).contains("running");
}

void check_restore(const Json* pod, const std::string& name, const std::string& container) {
  if (pod == nullptr) throw Error(ErrorKind::failed, fmt::format("the target pod {} was deleted by somebody else", name));
  const Json status = pod->value("status", Json::object());
  if (status.value("phase", "") == "Failed")
    throw Error(ErrorKind::failed, fmt::format("the target pod failed: {} {}", status.value("reason", ""), status.value("message", "")));
  const Json* own = find_container_status(*pod, container);
  if (own == nullptr) return;
  const Json state = own->value("state", Json::object());
  const Json waiting = state.value("waiting", Json::object());
  const std::string reason = waiting.value("reason", "");
  for (const char* fatal : {"CreateContainerError", "RunContainerError", "CreateContainerConfigError", "InvalidImageName", "CrashLoopBackOff"})
    if (reason == fatal) throw Error(ErrorKind::failed, fmt::format("the restore failed: {}: {}", reason, waiting.value("message", "")));
  if (state.contains("terminated"))
    throw Error(ErrorKind::failed, fmt::format("the restored container ended at once with exit code {}", state["terminated"].value("exitCode", -1)),
                fmt::format("kubectl logs {}", name));
}

}  // namespace ms2m
