#include "handover/waits.hpp"

#include <fmt/format.h>

#include <atomic>
#include <memory>

#include "base/aside.hpp"
#include "handover/restore_names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void wait_until(const std::function<bool()>& done, const std::string& doing, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  while (!done()) stop.sleep(Clock::now() - begin < std::chrono::seconds(1) ? Millis{2} : Millis{20}, doing);
}

void wait_for_depth(Broker& broker, const std::string& queue, const std::function<bool(const QueueDepth&)>& done,
                    const std::string& doing, const StopToken& stop) {
  wait_until([&] { return done(broker.depth(queue, stop).value_or(QueueDepth{})); }, doing, stop);
}

QueueDepth depth_of(Broker& broker, const std::string& queue, const StopToken& stop) {
  const auto depth = broker.depth(queue, stop);
  if (!depth) throw Error(ErrorKind::inconsistent, "queue " + queue + " is gone");
  return *depth;
}

namespace {

constexpr std::chrono::seconds kAdminLimit{5};

/// What the management API says, if there is one.
template <typename Ask>
auto if_told(Ask ask, const StopToken& stop) -> decltype(ask(stop)) {
  try {
    return ask(stop.within(kAdminLimit));
  } catch (const Error&) {
    stop.check("asking the management API");
    return std::nullopt;
  }
}

}  // namespace

std::optional<QueueTotals> totals_if_told(BrokerAdmin& admin, const std::string& queue, const StopToken& stop) {
  return if_told([&](const StopToken& limit) { return admin.totals(queue, limit); }, stop);
}

namespace {

bool needs_second_look(BrokerAdmin& admin, const std::string& queue, const StopToken& stop) {
  const auto type = if_told([&](const StopToken& limit) { return admin.queue_type(queue, limit); }, stop);
  return type ? *type != "classic" : !queue.starts_with("ms2m.");
}

}  // namespace

std::optional<QueueDepth> certain_depth(Broker& broker, BrokerAdmin& admin, const std::string& queue,
                                        const StopToken& stop, Millis election) {
  const auto zero = [](const std::optional<QueueDepth>& depth) {
    return depth && depth->ready == 0 && depth->consumers == 0;
  };
  auto depth = broker.depth(queue, stop);
  if (!zero(depth) || !needs_second_look(admin, queue, stop)) return depth;
  for (const TimePoint begin = Clock::now(); Clock::now() - begin < election;) {
    stop.sleep(Millis{50}, "looking again whether queue " + queue + " is empty and nobody consumes it");
    depth = broker.depth(queue, stop);
    if (!zero(depth)) return depth;
  }
  const auto facts = if_told([&](const StopToken& limit) { return admin.queue(queue, limit); }, stop);
  if (facts) depth->consumers = facts->consumers.size();
  return depth;
}

void wait_for_certain_depth(const Migrator::Ports& ports, const std::string& queue,
                            const std::function<bool(const QueueDepth&)>& done, const std::string& doing,
                            const StopToken& stop) {
  while (!done(certain_depth(ports.broker, ports.admin, queue, stop).value_or(QueueDepth{})))
    stop.sleep(Millis{20}, doing);
}

void wait_pod_gone(Cluster& cluster, const std::string& ns, const std::string& pod, const std::string& uid,
                   const StopToken& stop) {
  cluster.watch(
      {Kind::pod, ns, pod},
      [&](const Json* object) { return object == nullptr || (!uid.empty() && pod_uid(*object) != uid); }, stop);
}

void remove_at_once(Cluster& cluster, const ObjectRef& pod, const std::string& uid, const StopToken& stop) {
  cluster.remove(pod, {uid, 1, ""}, stop);
  wait_pod_gone(cluster, pod.ns, pod.name, uid, stop);
}

std::optional<Json> await_kubelet_ends(Cluster& cluster, const ObjectRef& ref, const std::string& uid,
                                       const StopToken& stop) {
  std::optional<Json> pod;
  const auto look = [&](const Json* now) {
    pod = now == nullptr || pod_uid(*now) != uid ? std::nullopt : std::optional<Json>(*now);
    return !pod || kubelet_knows_deletion(*pod);
  };
  for (;;) {
    try {
      cluster.watch(ref, look, stop.within(std::chrono::milliseconds(500)));
      return pod;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout) throw;
    }
    stop.check(fmt::format("waiting for the kubelet to act on the deletion of pod {}/{}", ref.ns, ref.name));
    if (pod && is_terminating(*pod) && cluster.kubelet_ends(pod_node(*pod), uid, stop).value_or(false)) return pod;
  }
}

bool waits_with(const Json* pod, const std::string& container, const std::string& reason) {
  if (pod == nullptr) throw Error(ErrorKind::failed, "the target pod was deleted by somebody else");
  if (const auto failure = pod_failure(*pod))
    throw Error(ErrorKind::failed,
                fmt::format("the target's kubelet rejected the pod: {} {}", failure->reason, failure->message));
  const auto own = container_state(*pod, container);
  if (!own) return false;
  if (!reason.empty() && own->waiting == reason) return true;
  // (An admission plugin that makes every pull policy Always would let the kubelet look for a checkpoint image in a
  // registry.)
  for (const char* fatal : {"CreateContainerError", "InvalidImageName", "CreateContainerConfigError", "ErrImagePull",
                            "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable", "RunContainerError"})
    if (own->waiting == fatal)
      throw Error(ErrorKind::failed, fmt::format("the target pod cannot start: {}: {}", own->waiting, own->message));
  return false;
}

namespace {

Error ended(int exit_code) {
  return Error(ErrorKind::failed, fmt::format("the restored container ended with exit code {}", exit_code),
               "its connections are closed when it wakes up, those of the loopback interface too: the consumer must "
               "survive that (ms2m-protocol(7))");
}

}  // namespace

void check_restore(const Json* pod, const std::string& name, const std::string& container, const std::string& restore) {
  if (pod == nullptr)
    throw Error(ErrorKind::failed, fmt::format("the target pod {} was deleted by somebody else", name));
  if (const auto failure = pod_failure(*pod))
    throw Error(ErrorKind::failed, fmt::format("the target pod failed: {} {}", failure->reason, failure->message));
  const auto own = container_state(*pod, container);
  if (!own) return;
  // What is the creation of a container for CRI-O, is a part of its start for containerd, whose kubelet backs off from
  // what did not start.
  const bool backs_off = own->waiting == "CrashLoopBackOff" && !own->start_error.empty();
  const bool not_created = own->waiting == "CreateContainerError" || own->waiting == "RunContainerError" || backs_off;
  const std::string& why = backs_off ? own->start_error : own->message;
  const bool asked_again = not_created && !restore.empty() && why.find("restore " + restore + " ") == std::string::npos;
  for (const char* fatal : {"CreateContainerError", "RunContainerError", "CreateContainerConfigError",
                            "InvalidImageName", "CrashLoopBackOff"})
    if (own->waiting == fatal && !asked_again)
      throw Error(ErrorKind::failed, fmt::format("the restore failed: {}: {}", own->waiting, own->message));
  if (own->exit_code) throw ended(*own->exit_code);
}

void check_runs_on(const Json* pod, const std::string& name, const std::string& container, const std::string& restore) {
  const auto own = pod == nullptr ? std::nullopt : container_state(*pod, container);
  if (own && own->last_exit) throw ended(*own->last_exit);
  check_restore(pod, name, container, restore);
}

namespace {

/// What the pod's status and the node say meanwhile.
class Restoration {
 public:
  Restoration(Cluster& cluster, const ObjectRef& pod, const std::string& container, const ToldByNode& node) {
    if (node) asides_.push_back(std::make_unique<Aside>([=, this](const StopToken& stop) { found(node(stop)); }));
    asides_.push_back(
        std::make_unique<Aside>([&cluster, pod, container, this, told = bool(node)](const StopToken& stop) {
          cluster.watch(
              pod,
              [&](const Json* now) {
                check_runs_on(now, pod.name, container, told && now != nullptr ? restore_of(*now).id : "");
                if (!told && !running_ && container_running(now, container)) found(instance_in(*now, container));
                return false;  // it may still end
              },
              stop);
        }));
  }

  /// Throws what one of them has thrown.
  bool running() {
    for (const auto& aside : asides_) aside->check();
    return running_;
  }
  const std::string& instance() const { return instance_; }  ///< when it is

 private:
  void found(std::string instance) {
    instance_ = std::move(instance);
    running_ = true;
  }

  std::atomic<bool> running_{false};
  std::string instance_;                        // written before `running_` is
  std::vector<std::unique_ptr<Aside>> asides_;  // last: they use the others
};

}  // namespace

std::string wait_restored(Cluster& cluster, Broker& broker, BrokerAdmin& admin, const ObjectRef& ref,
                          const std::string& container, const Arrival& arrival,
                          const std::function<void(bool now_running)>& look, const StopToken& stop,
                          const ToldByNode& node) {
  Restoration restoration(cluster, ref, container, node);
  const TimePoint begin = Clock::now();
  bool told = false;
  ArrivalWatch copy(broker, admin, arrival);
  try {
    while (!copy.there(stop) || !restoration.running()) {
      const bool now_running = restoration.running() && !told;
      look(now_running);
      told = told || now_running;
      stop.sleep(Clock::now() - begin < std::chrono::seconds(1) ? Millis{2} : Millis{10},
                 "waiting for the restored consumer to connect");
    }
    return restoration.instance();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || !told) throw;
    throw Error(ErrorKind::timeout, "the restored process runs and does not come to " + arrival.queue,
                "its connections are closed when it wakes up: the consumer must notice that and connect again "
                "(ms2m-protocol(7)); if it is slow at it, raise --restore-timeout");
  }
}

}  // namespace ms2m
