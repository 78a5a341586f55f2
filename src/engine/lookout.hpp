// While nobody works on the queue, a wait for somebody who does not answer any more is broken off: what follows, the
// undo, sends the source back to work without the API server and the kubelets.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/aside.hpp"
#include "base/linked_stop.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Asks them again and again, on a thread of its own, from its construction to its end. Time in which this process did
/// not run is nobody's silence. The cluster outlives it.
class Lookout {
 public:
  /// `patience`: with somebody who is waited for. `stop`: the run's own, of which token() is the narrower one.
  Lookout(Cluster& cluster, const std::string& source_node, const std::string& target_node, Millis patience,
          const StopToken& stop);
  ~Lookout() { asking_.reset(); }
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  /// From here on.
  void waits_on(WaitsOn whom);
  /// Is stopped, too, when one who is waited for has said nothing for so long.
  StopToken token() const { return stop_.token(); }
  /// Then: who it is. Error{unavailable}.
  std::optional<Error> silence() const;

 private:
  /// A kubelet that has never answered, which the caller may not ask, say, is none that has fallen silent.
  struct Party {
    std::string words;
    Clock::duration silent{0};
    TimePoint last{};  ///< look at it
    bool heard = false;
  };

  void ask(const StopToken& stop);
  bool look_at(Party& party, const std::function<bool(const StopToken& stop)>& answers, const StopToken& stop);
  bool asks_source() const;
  void decide();  ///< under the lock
  void forgive(Party& party);

  Cluster& cluster_;
  const std::string source_node_, target_node_;
  const Millis patience_;
  LinkedStop stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WaitsOn whom_ = WaitsOn::cluster;
  Party api_server_, source_, target_;
  std::optional<Error> silence_;
  std::optional<Aside> asking_;  // last: it uses the others
};

}  // namespace ms2m
