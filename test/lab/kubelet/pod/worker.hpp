#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pod/context.hpp"
#include "pod/slot.hpp"
#include "pod/starter.hpp"
#include "pod/status.hpp"
#include "pod/volumes.hpp"

namespace kubelet {

// Runs one pod in a thread of its own. As with the real kubelet a change of the pod leads to a sync at once, but a sync
// needs a view of the runtime that is newer than the pod's last sync, and that is taken once a second (relisted()).
class PodWorker {
 public:
  PodWorker(NodeParts& parts, Json pod);
  ~PodWorker();
  PodWorker(const PodWorker&) = delete;
  PodWorker& operator=(const PodWorker&) = delete;

  void update(Json pod);
  void removed(Json pod);              // the object is gone from the API
  void shut_down(long grace_seconds);  // the kubelet ends: stop the containers, leave the API object
  void relisted();
  bool finished() const { return finished_; }

  Json pod() const;  // with the status last reported
  bool has_container(const std::string& name) const;
  std::shared_ptr<Container> running_container(const std::string& name) const;
  std::optional<std::filesystem::path> log_of(const std::string& container) const;

 private:
  enum class End { kNone, kDeleted, kRemoved, kShutDown };

  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void try_to_sync();
  void sync();
  void take_specs();
  bool prepare();              // directory, sandbox, volumes; false: try again later
  void sync_containers();      // init containers in turn, then the others
  bool sync_slot(Slot& slot);  // false: it needs another try
  bool start_slot(Slot& slot, int restart_count);
  bool should_restart(const Slot& slot) const;
  bool back_off(Slot& slot);
  void start_prober(Slot& slot);
  void kill_unhealthy();
  void stop_container(Slot& slot, const std::string& why);
  void terminate();
  void tear_down();
  void post_status();
  Json build_status();
  void retry_in(std::chrono::milliseconds delay);
  std::string id_text() const;  // name_namespace(uid)

  NodeParts& parts_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Json pod_;
  Json posted_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::map<std::string, std::filesystem::path> termination_logs_;
  std::unique_ptr<PodDirectory> directory_;
  std::unique_ptr<Sandbox> sandbox_;
  StatusBuilder status_;
  std::string start_time_;
  bool show_ip_ = false, initialized_ = false, terminated_ = false;

  bool update_ = false, post_ = false, runtime_changed_ = false, runtime_seen_ = false;
  std::vector<std::pair<std::string, std::string>> unhealthy_;  // container, which probe
  SteadyTime relist_at_{}, last_sync_{}, retry_at_{SteadyTime::max()}, reconcile_at_{};
  std::atomic<End> end_{End::kNone};
  const SteadyTime born_ = steady_now();
  std::atomic<long> grace_seconds_{30};
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

}  // namespace kubelet
