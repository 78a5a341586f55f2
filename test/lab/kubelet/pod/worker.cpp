#include "pod/worker.hpp"

#include <random>

#include "base/files.hpp"

namespace kubelet {
namespace {

// The kubelet's wait after a failed sync: 10 s and up to half of it more.
std::chrono::milliseconds jittered_wait() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(10'000 + std::uniform_int_distribution<int>(0, 5'000)(random));
}

long grace_of(const Json& pod) {
  const long of_spec = long_at(at_or_null(pod, "spec"), "terminationGracePeriodSeconds", 30);
  return std::max(1L, long_at(at_or_null(pod, "metadata"), "deletionGracePeriodSeconds", of_spec));
}

bool deleting(const Json& pod) { return at_or_null(at_or_null(pod, "metadata"), "deletionTimestamp").is_string(); }

constexpr std::chrono::seconds kReconcilePeriod{10};  // the real one's syncBatch

// A condition of ours is another one there: the node's controller says of a silent kubelet's pods that they are not
// ready, and the kubelet takes that back when it speaks again.
bool others_changed(const Json& there, const Json& posted) {
  const auto statuses = [](const Json& status) {
    std::map<std::string, std::string> all;
    for (const Json& condition : list_at(status, "conditions"))
      all[string_at(condition, "type")] = string_at(condition, "status");
    return all;
  };
  const auto found = statuses(there);
  for (const auto& [type, status] : statuses(posted))
    if (const auto one = found.find(type); one == found.end() || one->second != status) return true;
  return false;
}

// After a restart of the kubelet the containers count on.
int first_restart_count(const Json& pod, const char* list, const std::string& name) {
  for (const Json& status : list_at(at_or_null(pod, "status"), list)) {
    if (string_at(status, "name") == name && status.contains("containerID"))
      return static_cast<int>(long_at(status, "restartCount", 0)) + 1;
  }
  return 0;
}

std::vector<std::unique_ptr<Slot>> make_slots(const Json& pod) {
  std::vector<std::unique_ptr<Slot>> slots;
  const bool has_init = !list_at(at_or_null(pod, "spec"), "initContainers").empty();
  for (const char* list : {"initContainers", "containers"}) {
    for (const Json& spec : list_at(at_or_null(pod, "spec"), list)) {
      auto slot = std::make_unique<Slot>();
      slot->spec = spec;
      if (std::string(list) == "initContainers") {
        slot->role = string_at(spec, "restartPolicy") == "Always" ? Role::kSidecar : Role::kInit;
      }
      if (has_init) slot->waiting_reason = "PodInitializing";
      slot->restart_count = first_restart_count(
          pod, slot->role == Role::kApp ? "containerStatuses" : "initContainerStatuses", slot->name());
      slots.push_back(std::move(slot));
    }
  }
  return slots;
}

}  // namespace

PodWorker::PodWorker(NodeParts& parts, Json pod)
    : parts_(parts),
      pod_(std::move(pod)),
      slots_(make_slots(pod_)),
      start_time_(string_at(at_or_null(pod_, "status"), "startTime", rfc3339(wall_now()))) {
  if (deleting(pod_)) end_ = End::kDeleted, grace_seconds_ = grace_of(pod_);
  thread_ = std::thread([this] { run(); });
}

PodWorker::~PodWorker() {
  if (thread_.joinable()) thread_.join();
}

void PodWorker::update(Json pod) {
  const std::lock_guard lock(mutex_);
  // Our own status patches come back as updates too; they are no reason for a sync.
  const auto essence = [](const Json& object) {
    Json meta = at_or_null(object, "metadata");
    meta.erase("resourceVersion");
    meta.erase("managedFields");
    return std::make_pair(meta, at_or_null(object, "spec"));
  };
  update_ = update_ || essence(pod) != essence(pod_);
  pod_ = std::move(pod);
  if (deleting(pod_)) {
    grace_seconds_ = grace_of(pod_);
    if (end_ == End::kNone) end_ = End::kDeleted;
  }
  changed_.notify_all();
}

void PodWorker::removed(Json pod) {
  const std::lock_guard lock(mutex_);
  grace_seconds_ = grace_of(pod);
  if (end_ != End::kShutDown) end_ = End::kRemoved;
  changed_.notify_all();
}

void PodWorker::shut_down(long grace_seconds) {
  const std::lock_guard lock(mutex_);
  grace_seconds_ = std::min(grace_seconds_.load(), grace_seconds);
  end_ = End::kShutDown;
  changed_.notify_all();
}

void PodWorker::relisted() {
  const std::lock_guard lock(mutex_);
  relist_at_ = steady_now();
  if (runtime_changed_) runtime_seen_ = true;
  runtime_changed_ = false;
  if (relist_at_ >= reconcile_at_) {
    reconcile_at_ = relist_at_ + kReconcilePeriod;
    if (others_changed(at_or_null(pod_, "status"), posted_)) {
      posted_ = Json();
      post_ = true;
    }
  }
  changed_.notify_all();
}

Json PodWorker::pod() const {
  const std::lock_guard lock(mutex_);
  Json pod = pod_;
  if (posted_.is_object()) pod["status"] = posted_;
  return pod;
}

bool PodWorker::has_container(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [&](const auto& slot) { return slot->name() == name; });
}

std::shared_ptr<Container> PodWorker::running_container(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    if (slot->name() == name && slot->running()) return slot->container;
  }
  return nullptr;
}

std::optional<fs::path> PodWorker::log_of(const std::string& container) const {
  const std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    if (slot->name() == container && slot->container) return slot->container->plan().log_path;
  }
  return std::nullopt;
}

std::string PodWorker::id_text() const {
  const Json& meta = at_or_null(pod_, "metadata");
  return string_at(meta, "name") + "_" + string_at(meta, "namespace") + "(" + string_at(meta, "uid") + ")";
}

void PodWorker::retry_in(std::chrono::milliseconds delay) { retry_at_ = std::min(retry_at_, steady_now() + delay); }

// Waits until there is something to do that may be done now; true for a sync (or the end of the pod).
bool PodWorker::wait_for_work(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (end_ == End::kShutDown) return true;
    if (post_ || !unhealthy_.empty()) return false;
    const bool wanted = update_ || runtime_seen_ || end_ != End::kNone || retry_at_ <= steady_now();
    if (wanted && relist_at_ >= last_sync_) return true;
    // While a sync is wanted it is the next relist that lets it happen, and that notifies.
    if (wanted || retry_at_ == SteadyTime::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, retry_at_);
    }
  }
}

void PodWorker::run() {
  try {
    bool work = true;
    while (work) {
      if (end_ == End::kNone) try_to_sync();
      std::unique_lock lock(mutex_);
      while (!wait_for_work(lock)) {
        const bool kill = !unhealthy_.empty();
        post_ = false;
        lock.unlock();
        if (kill) kill_unhealthy();
        post_status();
        lock.lock();
      }
      update_ = runtime_seen_ = false;
      retry_at_ = SteadyTime::max();
      work = end_ == End::kNone;
    }
    terminate();
  } catch (const std::exception& error) {
    log_line("pod " + id_text() + ": " + error.what());
    tear_down();
  }
  finished_ = true;
}

// A runtime that does not answer, or ends in the middle, is asked again.
void PodWorker::try_to_sync() {
  try {
    sync();
  } catch (const std::exception& error) {
    log_line("pod " + id_text() + ": " + error.what());
    const std::lock_guard lock(mutex_);
    last_sync_ = steady_now();
    retry_in(jittered_wait());
  }
}

void PodWorker::sync() {
  post_status();
  if (prepare()) sync_containers();
  post_status();
  const std::lock_guard lock(mutex_);
  last_sync_ = steady_now();
}

// By the worker's own thread, which reads the slots' specs without the lock while it starts a container.
void PodWorker::take_specs() {
  for (const auto& slot : slots_) {
    for (const Json& spec :
         list_at(at_or_null(pod_, "spec"), slot->role == Role::kApp ? "containers" : "initContainers")) {
      if (string_at(spec, "name") == slot->name()) slot->spec = spec;
    }
  }
}

bool PodWorker::prepare() {
  Json pod;
  {
    const std::lock_guard lock(mutex_);
    take_specs();
    pod = pod_;
  }
  try {
    if (!directory_) directory_ = std::make_unique<PodDirectory>(pod);
    if (!sandbox_) {
      directory_->set_up_volumes(pod, "", parts_.lookup);
      auto sandbox = parts_.runtime.make_sandbox(pod, qos_class(pod), parts_.lookup.runtime_handler(pod));
      const std::lock_guard lock(mutex_);
      sandbox_ = std::move(sandbox);
      runtime_changed_ = true;
    }
  } catch (const MountError& error) {
    parts_.events.record(pod, "Warning", "FailedMount", error.what());
    retry_in(std::chrono::seconds(1));
    return false;
  } catch (const std::exception& error) {
    parts_.events.record(pod, "Warning", "FailedCreatePodSandBox",
                         std::string("Failed to create pod sandbox: ") + error.what());
    retry_in(jittered_wait());
    return false;
  }
  for (const auto& slot : slots_) termination_logs_[slot->name()] = directory_->termination_log(slot->name());
  if (!show_ip_) {
    post_status();
    show_ip_ = true;
  }
  return true;
}

void PodWorker::sync_containers() {
  for (const auto& slot : slots_) {
    if (slot->role == Role::kApp) continue;
    if (slot->role == Role::kInit && slot->exited() && slot->container->exit()->code == 0) continue;
    if (!slot->running() && !sync_slot(*slot)) return;
    if (slot->role == Role::kInit) return;  // its end is noticed by a relist
    if (!slot->started) return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!initialized_) {
      for (const auto& slot : slots_) {
        if (slot->role == Role::kApp && slot->waiting_reason == "PodInitializing")
          slot->waiting_reason = "ContainerCreating";
      }
    }
    initialized_ = true;
  }
  for (const auto& slot : slots_) {
    if (slot->role == Role::kApp && !slot->running()) sync_slot(*slot);
  }
}

bool PodWorker::should_restart(const Slot& slot) const {
  if (slot.role == Role::kSidecar) return true;
  const std::string policy = string_at(at_or_null(pod_, "spec"), "restartPolicy", "Always");
  if (slot.role == Role::kInit) return policy != "Never" && slot.container->exit()->code != 0;
  return policy == "Always" || (policy == "OnFailure" && slot.container->exit()->code != 0);
}

// True when an ended container has to wait before it is started again.
bool PodWorker::back_off(Slot& slot) {
  const auto ended =
      steady_now() - std::chrono::duration_cast<SteadyTime::duration>(wall_now() - slot.container->exit()->at);
  if (!slot.crash.active(ended, steady_now())) {
    slot.crash.next(steady_now());
    return false;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(ended + slot.crash.delay() - steady_now());
  {
    const std::lock_guard lock(mutex_);
    slot.waiting_reason = "CrashLoopBackOff";
    slot.waiting_message = "back-off " + std::to_string(slot.crash.delay().count()) +
                           "s restarting failed container=" + slot.name() + " pod=" + id_text();
    slot.last_terminated = terminated_state(*slot.container, termination_logs_.at(slot.name()));
  }
  parts_.events.record(pod_, "Warning", "BackOff",
                       "Back-off restarting failed container " + slot.name() + " in pod " + id_text(), slot.name());
  retry_in(left);
  return true;
}

bool PodWorker::sync_slot(Slot& slot) {
  int restart_count = slot.restart_count;
  if (slot.exited()) {
    slot.prober.reset();
    if (!should_restart(slot)) return false;
    if (back_off(slot)) return false;
    ++restart_count;
    const std::lock_guard lock(mutex_);
    slot.last_terminated = terminated_state(*slot.container, termination_logs_.at(slot.name()));
    ++slot.log_number;
  }
  return start_slot(slot, restart_count);
}

bool PodWorker::start_slot(Slot& slot, int restart_count) {
  Json pod;
  {
    const std::lock_guard lock(mutex_);
    pod = pod_;
  }
  Starter starter(parts_, pod, *sandbox_, *directory_);
  StartResult result = starter.start(slot, restart_count, [this] {
    const std::lock_guard lock(mutex_);
    runtime_changed_ = true;
  });
  std::shared_ptr<Container> old;
  {
    const std::lock_guard lock(mutex_);
    // A container that failed when it was already made is seen by the relist, once: the next try is soon, the one after
    // it late.
    const bool half_made = !result.container && result.exists_half && !slot.half_made_before;
    slot.half_made_before = half_made;
    runtime_changed_ = runtime_changed_ || half_made || result.container;
    if (!result.container) {
      slot.waiting_reason = result.reason;
      slot.waiting_message = result.message;
      if (result.not_begun) slot.last_terminated = result.not_begun;
      if (result.pulled_in_vain) {
        slot.pull.next(steady_now());
        slot.pull_failed = steady_now();
        slot.pull_error = {result.reason, result.message, ""};
      }
      retry_in(jittered_wait());
      return false;
    }
    old = std::move(slot.container);
    slot.container = std::move(result.container);
    slot.restart_count = slot.container->plan().restart_count + (slot.never_ran() ? 1 : 0);
    slot.image_name = result.image_name;
    slot.waiting_reason = slot.waiting_message = "";
    slot.pull.reset();
    slot.started = !slot.spec.contains("startupProbe");
    slot.ready = slot.started.load() && !slot.spec.contains("readinessProbe");
  }
  if (Prober::needed(slot.spec)) {
    post_status();  // Running is seen before Ready
    start_prober(slot);
  }
  return true;
}

void PodWorker::start_prober(Slot& slot) {
  const std::string name = slot.name();
  Prober::Callbacks callbacks;
  callbacks.ready = [this, &slot](bool ready) {
    const std::lock_guard lock(mutex_);
    slot.ready = ready;
    post_ = true;
    changed_.notify_all();
  };
  callbacks.started = [this, &slot] {
    const std::lock_guard lock(mutex_);
    slot.started = true;
    slot.ready = !slot.spec.contains("readinessProbe");
    post_ = true;
    runtime_changed_ = true;  // a sidecar that has started lets the others begin
    changed_.notify_all();
  };
  callbacks.dead = [this, name](const std::string& probe) {
    const std::lock_guard lock(mutex_);
    unhealthy_.emplace_back(name, probe);
    changed_.notify_all();
  };
  callbacks.unhealthy = [this, name](const std::string& message) {
    Json pod;
    {
      const std::lock_guard lock(mutex_);
      pod = pod_;
    }
    parts_.events.record(pod, "Warning", "Unhealthy", message, name);
  };
  slot.prober = std::make_unique<Prober>(slot.container, sandbox_->ip(), born_, parts_.runtime, callbacks);
}

}  // namespace kubelet
