// The lease says how far a migration is, to who asks from another machine, and that somebody is at it.
#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ms2m/cluster.hpp"
#include "ms2m/event.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Hands every event on, and tells the lease of a pod each phase from Transferring on (the steps tell those before),
/// on a thread of its own: nobody waits for the API server. What is overtaken by a later phase meanwhile is left out;
/// what cannot be told is not. The lease is renewed with each, and every ten minutes. One that this process does not
/// hold is left alone.
class LeasePhases final : public Observer {
 public:
  /// Both outlive it.
  LeasePhases(Cluster& cluster, Observer& inner) : cluster_(cluster), inner_(inner) {}
  ~LeasePhases() override { end(); }
  LeasePhases(const LeasePhases&) = delete;
  LeasePhases& operator=(const LeasePhases&) = delete;

  /// From now on phases are those of a migration of that pod. `migration`: the id of one that an earlier process began:
  /// its lease, whoever took it, is this process's to renew, and is at once.
  void begin(const std::string& ns, const std::string& pod, const std::string& migration = {});
  /// Leaves off at once, also in the middle of a call. Idempotent.
  void end();
  void on(const Event& event) noexcept override;

 private:
  void run(const ObjectRef& lease, const std::string& migration);
  void renew(const ObjectRef& lease, const std::string& migration, std::optional<Phase> phase);

  Cluster& cluster_;
  Observer& inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Phase> next_;
  bool over_ = false;
  std::optional<StopSource> stop_;
  std::thread thread_;
};

/// For as long as it lives, the lease of a migration that an earlier process began is renewed. One without a journal
/// has none.
class Renewing {
 public:
  Renewing(LeasePhases& phases, const JournalStore& journals, const std::string& migration) : phases_(phases) {
    if (const auto journal = journals.find(migration)) phases_.begin(journal->ns, journal->source_pod, migration);
  }
  ~Renewing() { phases_.end(); }
  Renewing(const Renewing&) = delete;
  Renewing& operator=(const Renewing&) = delete;

 private:
  LeasePhases& phases_;
};

}  // namespace ms2m
