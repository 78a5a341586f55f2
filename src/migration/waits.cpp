#include "migration/waits.hpp"

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

}  // namespace ms2m
