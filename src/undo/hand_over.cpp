#include "undo/hand_over.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "handover/waits.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kSayAgain{5};
constexpr std::chrono::seconds kLookAtPod{1};
constexpr std::chrono::seconds kGhostLimit{90};

Error started_again(const HandOver& what) {
  return Error(ErrorKind::inconsistent, fmt::format("the container of the target pod {}/{} was started again, and what "
                                                    "had been relayed to it is gone",
                                                    what.target.ns, what.target.name));
}

class Caller {
 public:
  Caller(Cluster& cluster, Broker& broker, BrokerAdmin& admin, const HandOver& what)
      : cluster_(cluster),
        broker_(broker),
        what_(what),
        serving_(broker, admin, what.arrival),
        instance_(what.instance) {}

  bool serves(const StopToken& stop) {
    const bool there = serving_.there(stop);
    seen();
    if (there) unseen_ = Millis::max();  // whatever is found now: it has been there
    if (Clock::now() >= next_look_) look_at_pod(stop);
    if (!there && Clock::now() >= next_call_ && taken(stop)) call(stop);
    return there;
  }

  /// The longest time so far in which nobody looked; without an end once it was seen.
  Millis unseen() const { return std::max(unseen_, std::chrono::duration_cast<Millis>(Clock::now() - seen_at_)); }

 private:
  void seen() {
    unseen_ = unseen();
    seen_at_ = Clock::now();
  }

  void look_at_pod(const StopToken& stop) {
    next_look_ = Clock::now() + kLookAtPod;
    std::optional<Json> pod;
    try {
      pod = cluster_.get(what_.target, stop);
    } catch (const Error&) {
      return;
    }
    if (pod_is_lost(pod ? &*pod : nullptr))
      throw Error(ErrorKind::inconsistent,
                  fmt::format("the target pod {}/{} is gone", what_.target.ns, what_.target.name));
    const std::string now = what_.container.empty() ? "" : instance_in(*pod, what_.container);
    const bool another = same_instance(now, instance_) == false;
    if (instance_.empty() || another) instance_ = now;
    if (another && what_.only_that_instance) throw started_again(what_);
    if (another) call(stop);
  }

  bool taken(const StopToken& stop) {
    return broker_.depth(what_.arrival.control, stop).value_or(QueueDepth{}).ready == 0;
  }

  void call(const StopToken& stop) {
    next_call_ = Clock::now() + kSayAgain;
    broker_.publish({"", what_.arrival.control, what_.message, "application/json", ""}, stop);
  }

  Cluster& cluster_;
  Broker& broker_;
  const HandOver& what_;
  ArrivalWatch serving_;
  std::string instance_;
  Millis unseen_{0};
  TimePoint seen_at_ = Clock::now();
  TimePoint next_look_ = Clock::now() + kLookAtPod, next_call_ = Clock::now() + kSayAgain;
};

}  // namespace

HandOver hand_over_of(const op::ResumeTarget& o) {
  HandOver what;
  what.arrival = {o.queue, o.others + 1, o.control_queue, o.strangers, o.others};
  what.target = {Kind::pod, o.ns, o.pod};
  what.container = o.container;
  what.instance = o.instance;
  what.arrival.copy = o.copy_addresses;
  if (!what.arrival.copy.empty()) what.arrival.consumers = 1;
  what.message = o.message;
  what.only_that_instance = o.only_that_instance;
  what.limit = o.limit;
  return what;
}

HandOver hand_over_of(const op::ServeStream& o) {
  HandOver what;
  what.target = {Kind::pod, o.ns, o.pod};
  what.container = o.container;
  what.instance = o.instance;
  what.limit = o.limit;
  return what;
}

void check_instance(const HandOver& what, const std::optional<Json>& pod) {
  const std::string now = pod && !what.container.empty() ? instance_in(*pod, what.container) : "";
  if (what.only_that_instance && same_instance(now, what.instance) == false) throw started_again(what);
}

bool another_instance(Cluster& cluster, const HandOver& what, const StopToken& stop) {
  if (what.container.empty()) return false;
  try {
    const auto pod = cluster.get(what.target, stop);
    return pod && same_instance(instance_in(*pod, what.container), what.instance) == false;
  } catch (const Error&) {
    return false;
  }
}

void await_copy_gone(const Migrator::Ports& ports, const Arrival& copy, const std::string& doing,
                     const StopToken& stop) {
  Peers named(ports.admin, copy.copy);
  wait_for_certain_depth(
      ports, copy.queue,
      [&](const QueueDepth& d) {
        return copy.copy.empty() ? d.consumers < copy.consumers : named.named(copy.queue, stop) == 0;
      },
      doing, stop.within(kGhostLimit));
}

void await_service(Cluster& cluster, Broker& broker, BrokerAdmin& admin, const HandOver& what, const StopToken& given,
                   Millis* unseen) {
  const StopToken stop =
      what.limit.count() > 0 ? given.within(std::chrono::duration_cast<Clock::duration>(what.limit)) : given;
  Caller caller(cluster, broker, admin, what);
  try {
    wait_until([&] { return caller.serves(stop); }, "waiting for the target to consume " + what.arrival.queue, stop);
  } catch (...) {
    if (unseen != nullptr) *unseen = caller.unseen();
    throw;
  }
}

}  // namespace ms2m
