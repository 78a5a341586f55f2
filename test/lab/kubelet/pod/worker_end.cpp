// How a pod's containers are stopped, and what is reported meanwhile.
#include "base/files.hpp"
#include "pod/worker.hpp"

namespace kubelet {

void PodWorker::kill_unhealthy() {
  std::vector<std::pair<std::string, std::string>> list;
  {
    const std::lock_guard lock(mutex_);
    list.swap(unhealthy_);
  }
  for (const auto& [name, probe] : list) {
    for (const auto& slot : slots_) {
      if (slot->name() != name || !slot->running()) continue;
      stop_container(*slot, "Container " + name + " failed " + probe + " probe, will be restarted");
    }
  }
}

void PodWorker::stop_container(Slot& slot, const std::string& why) {
  if (!slot.running()) return;
  Container& container = *slot.container;
  parts_.events.record(pod_, "Normal", "Killing", why, slot.name());
  const auto begin = steady_now();
  const auto over = [&] { return steady_now() >= begin + std::chrono::seconds(grace_seconds_.load()); };
  std::vector<std::string> hook;
  const Json& pre_stop = at_or_null(at_or_null(slot.spec, "lifecycle"), "preStop");
  for (const Json& word : list_at(at_or_null(pre_stop, "exec"), "command")) hook.push_back(word.get<std::string>());
  if (!hook.empty()) parts_.runtime.exec(container, hook, std::chrono::seconds(grace_seconds_.load()));
  container.stop(over);  // a second deletion may shorten the grace period meanwhile
}

void PodWorker::terminate() {
  {
    const std::lock_guard lock(mutex_);
    if (end_ == End::kDeleted && sandbox_) post_ = true;
  }
  if (end_ == End::kDeleted && sandbox_) post_status();  // with the new generation
  std::vector<std::thread> stops;
  for (const auto& slot : slots_) {
    if (slot->running())
      stops.emplace_back([this, &slot] { stop_container(*slot, "Stopping container " + slot->name()); });
  }
  for (auto& stop : stops) stop.join();
  for (const auto& slot : slots_) slot->prober.reset();
  {
    const std::lock_guard lock(mutex_);
    terminated_ = end_ != End::kShutDown;
    for (const auto& slot : slots_) {
      slot->ready = slot->started = false;
      if (slot->exited()) slot->waiting_reason = slot->waiting_message = "";
    }
  }
  if (end_ == End::kDeleted) {
    if (sandbox_) post_status();
    std::unique_lock lock(mutex_);
    last_sync_ = steady_now();
    changed_.wait_for(lock, std::chrono::seconds(2),
                      [this] { return relist_at_ >= last_sync_ || end_ == End::kShutDown; });
  }
  tear_down();
  if (end_ != End::kDeleted) return;
  const Json& meta = at_or_null(pod_, "metadata");
  const Json options = {{"kind", "DeleteOptions"},
                        {"apiVersion", "v1"},
                        {"gracePeriodSeconds", 0},
                        {"preconditions", {{"uid", string_at(meta, "uid")}}}};
  const std::string path = "/api/v1/namespaces/" + string_at(meta, "namespace") + "/pods/" + string_at(meta, "name");
  for (int tries = 0; tries < 30 && end_ == End::kDeleted; ++tries) {
    const ApiReply reply = parts_.api.remove(path, options);
    if (reply.status != 0 && reply.status < 500) return;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

void PodWorker::tear_down() {
  std::vector<std::shared_ptr<Container>> containers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& slot : slots_) {
      if (slot->container) containers.push_back(slot->container);
    }
  }
  for (const auto& slot : slots_) slot->prober.reset();
  for (const auto& container : containers) container->remove();
  if (sandbox_) parts_.runtime.wait_for_creates(*sandbox_);
  const std::lock_guard lock(mutex_);
  sandbox_.reset();
  directory_.reset();
  const Json& meta = at_or_null(pod_, "metadata");
  remove_tree(fs::path("/var/log/pods") /
              (string_at(meta, "namespace") + "_" + string_at(meta, "name") + "_" + string_at(meta, "uid")));
}

Json PodWorker::build_status() {
  const std::lock_guard lock(mutex_);
  post_ = false;  // what changes from here on is not in it
  const StatusInput input{
      pod_,
      slots_,
      parts_.node_ip,
      sandbox_ && show_ip_ ? sandbox_->ip() : "",
      sandbox_ != nullptr,
      initialized_ || std::none_of(slots_.begin(), slots_.end(), [](const auto& s) { return s->role != Role::kApp; }),
      terminated_,
      start_time_,
      termination_logs_};
  return status_.build(input);
}

void PodWorker::post_status() {
  const Json status = build_status();
  Json meta;
  {
    const std::lock_guard lock(mutex_);
    if (status == posted_ || end_ == End::kRemoved) return;
    meta = at_or_null(pod_, "metadata");
  }
  const Json body = {{"metadata", {{"uid", string_at(meta, "uid")}}}, {"status", status}};
  const ApiReply reply = parts_.api.patch(
      "/api/v1/namespaces/" + string_at(meta, "namespace") + "/pods/" + string_at(meta, "name") + "/status", body);
  const std::lock_guard lock(mutex_);
  if (reply.ok()) {
    posted_ = status;
  } else if (reply.status == 0 || reply.status >= 500 || reply.status == 409) {
    runtime_changed_ = true;  // try again with the next relist
  }
}

}  // namespace kubelet
