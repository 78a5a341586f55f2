// Waits on broker and cluster that several phases share.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handover/arrival.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Looks until `done`. AMQP has no event for "who consumes a queue": a passive declare costs 0.2 ms and is exact, so it
/// is asked every 2 ms at first, every 20 ms after the first second.
void wait_until(const std::function<bool()>& done, const std::string& doing, const StopToken& stop);
/// The same for what one queue has (a missing queue is {0,0}).
void wait_for_depth(Broker& broker, const std::string& queue, const std::function<bool(const QueueDepth&)>& done,
                    const std::string& doing, const StopToken& stop);

/// As Broker::depth(), of a queue that must be there: Error{inconsistent} when it is gone.
QueueDepth depth_of(Broker& broker, const std::string& queue, const StopToken& stop);

/// A queue whose leader's node went has another one in less.
inline constexpr Millis kElection{6000};

/// The second look, where something follows from 0,0 that cannot be taken back. A classic queue's 0,0 is exact. Any
/// other says it at once for want of a leader, too (rabbitmq-facts.md section 4): it must say so for `election` on end,
/// and the management API, where there is one, must name no consumer either. A queue whose type cannot be asked is
/// taken for such a one; if it is ms2m's own, for a classic one, as it was declared. Every other answer is a leader's,
/// and comes back at once. Error{timeout} when the token ends first.
std::optional<QueueDepth> certain_depth(Broker& broker, BrokerAdmin& admin, const std::string& queue,
                                        const StopToken& stop, Millis election = kElection);

/// wait_for_depth() with certain_depth().
void wait_for_certain_depth(const Migrator::Ports& ports, const std::string& queue,
                            const std::function<bool(const QueueDepth&)>& done, const std::string& doing,
                            const StopToken& stop);

/// Exact, of a classic queue. nullopt: the management API does not say, or there is none, or no such queue.
std::optional<QueueTotals> totals_if_told(BrokerAdmin& admin, const std::string& queue, const StopToken& stop);

/// A consumer that was sent everything and acknowledges nothing for so long does it in batches (or works at one long
/// message).
inline constexpr Seconds kStandstill{2};

/// For how long a number has been the same.
class Unchanged {
 public:
  Seconds look(std::uint64_t value) {
    const TimePoint now = Clock::now();
    if (std::exchange(last_, value) != value) since_ = now;
    return now - since_;
  }

 private:
  std::optional<std::uint64_t> last_;
  TimePoint since_;
};

/// Waits until the pod is gone (or another one, by uid, has its name).
void wait_pod_gone(Cluster& cluster, const std::string& ns, const std::string& pod, const std::string& uid,
                   const StopToken& stop);

/// Deletes that very pod, which need not end gently, and waits until it is gone.
void remove_at_once(Cluster& cluster, const ObjectRef& pod, const std::string& uid, const StopToken& stop);

/// Waits until the node's kubelet itself ends that pod: by the pod's status, or, of an older kubelet, by its own list.
/// nullopt: gone already. Error{timeout}: nothing has shown it; one that is cut off from the API server would start
/// what is killed now anew, cold.
std::optional<Json> await_kubelet_ends(Cluster& cluster, const ObjectRef& pod, const std::string& uid,
                                       const StopToken& stop);

/// Of a pod that is made before it may start: true when its container waits with that reason ("": none is expected).
/// Error{failed} when it will never come so far: it was deleted or rejected, or the container waits for any other
/// reason that means it.
bool waits_with(const Json* pod, const std::string& container, const std::string& reason);

/// A failed restore is retried for ever by the kubelet and is never terminal: throws Error{failed} with its message on
/// the reasons that mean it, and when the pod is gone or failed. By the runtime handler the kubelet gives up, and says
/// so, a `create` that waits for long, and calls again, whatever it is told by whom (a restart of its runtime): of that
/// only what the handler says of `restore` counts. Empty: from an image.
void check_restore(const Json* pod, const std::string& name, const std::string& container,
                   const std::string& restore = "");

/// The same, and when it has ended before, or is not there any more: its kubelet starts it again, from the same image,
/// and again.
void check_runs_on(const Json* pod, const std::string& name, const std::string& container,
                   const std::string& restore = "");

/// The node's own word, where it gives one: returns the instance when the process runs; Error when it never will.
using ToldByNode = std::function<std::string(const StopToken& stop)>;

/// Returns when the container runs, by its node's word or else the pod's status, and the copy has arrived: the proof
/// that it lives. Which instance of the container that is (instance_in(), or as the node says). A watch beside it tells
/// early when that will never be (check_restore). `look` is called between, with "the container has just been seen
/// running".
std::string wait_restored(Cluster& cluster, Broker& broker, BrokerAdmin& admin, const ObjectRef& pod,
                          const std::string& container, const Arrival& arrival,
                          const std::function<void(bool now_running)>& look, const StopToken& stop,
                          const ToldByNode& node = {});

}  // namespace ms2m
