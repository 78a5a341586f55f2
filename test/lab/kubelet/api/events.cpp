#include "api/events.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"

namespace kubelet {

EventRecorder::EventRecorder(ApiClient& api, std::string node)
    : api_(api), node_(std::move(node)), thread_([this](std::stop_token stop) { run(stop); }) {}

void EventRecorder::record(const Json& pod, const std::string& type, const std::string& reason,
                           const std::string& message, const std::string& container) {
  const Json& meta = at_or_null(pod, "metadata");
  const std::string ns = string_at(meta, "namespace");
  const std::string name = string_at(meta, "name");
  Json about = {{"kind", "Pod"},      {"namespace", ns},
                {"name", name},       {"uid", string_at(meta, "uid")},
                {"apiVersion", "v1"}, {"resourceVersion", string_at(meta, "resourceVersion")}};
  if (!container.empty()) about["fieldPath"] = "spec.containers{" + container + "}";
  const std::string now = rfc3339(wall_now());
  Json event = {{"kind", "Event"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", name + "." + random_hex(16)}, {"namespace", ns}}},
                {"involvedObject", about},
                {"reason", reason},
                {"message", message.substr(0, 1024)},
                {"source", {{"component", "kubelet"}, {"host", node_}}},
                {"firstTimestamp", now},
                {"lastTimestamp", now},
                {"count", 1},
                {"type", type},
                {"eventTime", nullptr},
                {"reportingComponent", "kubelet"},
                {"reportingInstance", node_}};
  const std::lock_guard lock(mutex_);
  queue_.push_back({event, string_at(meta, "uid") + "|" + container + "|" + type + "|" + reason + "|" + message});
  changed_.notify_one();
}

void EventRecorder::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !queue_.empty(); })) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    send(std::move(item));
    lock.lock();
  }
}

void EventRecorder::send(Item item) {
  const std::string base = "/api/v1/namespaces/" + item.event["metadata"]["namespace"].get<std::string>() + "/events";
  const auto known = sent_.find(item.key);
  if (known != sent_.end()) {
    Json& event = known->second;
    event["count"] = event["count"].get<int>() + 1;
    const Json change = {{"count", event["count"]}, {"lastTimestamp", item.event["lastTimestamp"]}};
    if (api_.patch(base + "/" + event["metadata"]["name"].get<std::string>(), change).ok()) return;
    sent_.erase(known);
  }
  if (sent_.size() > 4096) sent_.clear();
  if (api_.post(base, item.event).ok()) sent_[item.key] = item.event;
}

}  // namespace kubelet
