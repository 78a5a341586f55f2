#include "pod/manager.hpp"

#include <set>

#include "base/process.hpp"

namespace kubelet {
namespace {

std::string uid_of(const Json& pod) { return string_at(at_or_null(pod, "metadata"), "uid"); }

bool is_over(const Json& pod) {
  const std::string phase = string_at(at_or_null(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool deleting(const Json& pod) { return at_or_null(at_or_null(pod, "metadata"), "deletionTimestamp").is_string(); }

}  // namespace

PodManager::PodManager(NodeParts& parts) : parts_(parts) {}

void PodManager::start() {
  relister_ = std::jthread([this](std::stop_token stop) { relist(stop); });
  follower_ = std::jthread([this](std::stop_token stop) { follow(stop); });
}

void PodManager::follow(std::stop_token stop) {
  const std::string path = "/api/v1/pods?fieldSelector=spec.nodeName%3D" + parts_.node_name;
  while (!stop.stop_requested()) {
    std::string version = list();
    while (!version.empty() && !stop.stop_requested()) {
      const int status =
          parts_.api.watch(path + "&watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=" + version,
                           [&](std::string_view line) { on_event(Json::parse(line, nullptr, false), version); });
      if (status != 200) break;  // gone, refused or broken: list again
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

std::string PodManager::list() {
  const ApiReply reply = parts_.api.get("/api/v1/pods?fieldSelector=spec.nodeName%3D" + parts_.node_name);
  if (!reply.ok()) return "";
  const Json pods = reply.json();
  std::set<std::string> seen;
  for (const Json& pod : list_at(pods, "items")) {
    seen.insert(uid_of(pod));
    apply(pod);
  }
  std::vector<std::pair<std::string, Json>> lost;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [uid, worker] : workers_) {
      if (!seen.contains(uid)) lost.emplace_back(uid, worker->pod());
    }
  }
  for (const auto& [uid, pod] : lost) drop(uid, pod);
  return string_at(at_or_null(pods, "metadata"), "resourceVersion", "0");
}

void PodManager::on_event(const Json& event, std::string& version) {
  const std::string type = string_at(event, "type");
  const Json& object = at_or_null(event, "object");
  if (type == "ERROR") {
    version.clear();
    return;
  }
  version = string_at(at_or_null(object, "metadata"), "resourceVersion", version);
  if (type == "ADDED" || type == "MODIFIED") apply(object);
  if (type == "DELETED") drop(uid_of(object), object);
}

void PodManager::apply(const Json& pod) {
  std::shared_ptr<PodWorker> worker;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    auto& entry = workers_[uid_of(pod)];
    if (!entry) {
      if (is_over(pod) && !deleting(pod)) {
        workers_.erase(uid_of(pod));
        return;
      }
      entry = std::make_shared<PodWorker>(parts_, pod);
      return;
    }
    worker = entry;
  }
  worker->update(pod);
}

void PodManager::drop(const std::string& uid, const Json& pod) {
  std::shared_ptr<PodWorker> worker;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = workers_.find(uid); it != workers_.end()) worker = it->second;
  }
  if (worker) worker->removed(pod);
}

void PodManager::relist(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::vector<std::shared_ptr<PodWorker>> over;
    {
      const std::lock_guard lock(mutex_);
      for (auto it = workers_.begin(); it != workers_.end();) {
        it->second->relisted();
        if (it->second->finished()) over.push_back(std::move(it->second));
        it = it->second ? std::next(it) : workers_.erase(it);
      }
    }
    over.clear();
    reap_orphans();
    for (int i = 0; i < 10; ++i) {
      parts_.cgroups.thaw_forgotten();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void PodManager::shut_down(long grace_seconds) {
  std::map<std::string, std::shared_ptr<PodWorker>> workers;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    workers = workers_;
  }
  for (const auto& [uid, worker] : workers) worker->shut_down(grace_seconds);
  parts_.runtime.end_creates();
  for (const auto& [uid, worker] : workers) {
    for (int i = 0; i < 200 && !worker->finished(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::shared_ptr<PodWorker> PodManager::find(const std::string& ns, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [uid, worker] : workers_) {
    const Json pod = worker->pod();
    const Json& meta = at_or_null(pod, "metadata");
    if (string_at(meta, "name") == name && string_at(meta, "namespace") == ns && !worker->finished()) return worker;
  }
  return nullptr;
}

Json PodManager::pod_list() const {
  Json items = Json::array();
  const std::lock_guard lock(mutex_);
  for (const auto& [uid, worker] : workers_) {
    if (!worker->finished()) items.push_back(worker->pod());
  }
  return {{"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"items", items}};
}

}  // namespace kubelet
