// The lease says how far a migration is, to who asks from another machine.
#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ms2m/cluster.hpp"
#include "ms2m/event.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Hands every event on, and tells the lease of a pod each phase from Transferring on (the steps tell those before),
/// on a thread of its own: nobody waits for the API server. What is overtaken by a later phase meanwhile is left out;
/// what cannot be told is not. A lease that this process does not hold is left alone.
class LeasePhases final : public Observer {
 public:
  /// Both outlive it.
  LeasePhases(Cluster& cluster, Observer& inner) : cluster_(cluster), inner_(inner) {}
  ~LeasePhases() override { end(); }
  LeasePhases(const LeasePhases&) = delete;
  LeasePhases& operator=(const LeasePhases&) = delete;

  /// From now on phases are those of a migration of that pod.
  void begin(const std::string& ns, const std::string& pod);
  /// Leaves off at once, also in the middle of a call. Idempotent.
  void end();
  void on(const Event& event) noexcept override;

 private:
  void run(const ObjectRef& lease);
  void tell(const ObjectRef& lease, Phase phase);

  Cluster& cluster_;
  Observer& inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Phase> next_;
  bool over_ = false;
  std::optional<StopSource> stop_;
  std::thread thread_;
};

}  // namespace ms2m
