#include "undo/restore_by_handler.hpp"

#include <fmt/format.h>

#include <utility>

#include "handover/prepared_restore.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/new_copy.hpp"
#include "undo/restore_operations.hpp"

namespace ms2m {
namespace {

constexpr Seconds kValid{1800};

/// With data that has been brought there.
struct Supplied {
  PreparedRestore restore;
  std::string data;
};

class Attempts {
 public:
  Attempts(const Migrator::Ports& ports, const op::RestorePod& o)
      : ports_(ports),
        o_(o),
        ref_(ref_of(Kind::pod, o.object)),
        id_(migration_of(o.object)),
        arrival_{o.hold_queue, 1, o.control_queue, {}, 0} {}

  /// True: it lives.
  bool goes_on(const Json& pod, const StopToken& stop) const {
    const PreparedRestore restore = restore_of(pod);
    if (restore.id.empty()) return false;
    const RestoreStatus status = ports_.restores.watch(restore.node, restore.id, std::nullopt, stop);
    // Completed when it had been seen to live: it may have the queue since.
    if (status.state == RestoreState::done) return !pod_is_lost(&pod);
    if (!status.ready || !status.failure.empty() || status.state == RestoreState::voided) return false;
    try {
      await(restore, stop);
      return true;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unavailable) throw;
      return false;
    }
  }

  void discard(const Json& pod, const StopToken& stop) const {
    const PreparedRestore restore = restore_of(pod);
    if (!restore.id.empty()) end_restore(ports_.restores, restore, stop);
    remove_at_once(ports_.cluster, ref_, pod_uid(pod), stop);
  }

  void on(const std::string& node, const StopToken& stop) const {
    const Supplied supplied = supply(node, stop);
    send_to_hold(ports_, arrival_.control, o_.hold_queue, stop);
    ports_.cluster.create(
        ref_, with_restore(bound_to(o_.object, node), restore_mark(supplied.restore.id, o_.container)), {}, stop);
    bind_when_waiting({ports_.cluster, ports_.restores, ports_.inspector}, supplied.restore, ref_, o_.container, stop);
    ports_.restores.ready(node, supplied.restore.id, supplied.data, stop);
    await(supplied.restore, stop);
  }

  const ObjectRef& ref() const { return ref_; }

 private:
  /// What the move itself has brought, if nobody has used it.
  Supplied supply(const std::string& node, const StopToken& stop) const {
    const auto known = ports_.restores.list(node, stop);
    const auto first = known.find(id_);
    if (first != known.end() && first->second.state == RestoreState::prepared && first->second.uid.empty() &&
        node == pod_node(o_.object))
      return {{node, id_}, o_.data};
    std::string id = id_;
    for (int n = 2; known.contains(id); ++n) id = again(id_) + std::to_string(n);
    ports_.restores.prepare(node, id, {ref_.ns, ref_.name, o_.container, o_.image_id},
                            restore_wait(ports_.cluster.kubelet_patience(node, stop)), kValid, stop);
    const MoveResult moved = ports_.carrier.move(
        {o_.node, KubeletArchive{o_.archive}, node, fmt::format("{}/{}", kLayoutRoot, id), Unpack::restore}, {}, stop);
    return {{node, id}, moved.sha256};
  }

  void await(const PreparedRestore& restore, const StopToken& stop) const {
    wait_restored(
        ports_.cluster, ports_.broker, ports_.admin, ref_, o_.container, arrival_, [](bool) {}, stop,
        [&](const StopToken& until) { return await_restored(ports_.restores, restore, until); });
  }

  const Migrator::Ports& ports_;
  const op::RestorePod& o_;
  const ObjectRef ref_;
  const std::string id_;
  const Arrival arrival_;
};

}  // namespace

void restore_by_handler(const Migrator::Ports& ports, const op::RestorePod& o, const StopToken& stop) {
  const Attempts attempts(ports, o);
  const std::string target = pod_node(o.object);
  bool fell_back = false;
  if (const auto present = ports.cluster.get(attempts.ref(), stop)) {
    if (migration_of(*present) != migration_of(o.object)) throw name_is_taken(attempts.ref());
    if (attempts.goes_on(*present, stop)) return;
    fell_back = pod_node(*present) == o.node;
    attempts.discard(*present, stop);
  }
  try {
    return attempts.on(fell_back ? o.node : target, stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::conflict || error.kind() == ErrorKind::unavailable || fell_back) throw;
  }
  // The target may have used up the time there was.
  const StopToken again = StopToken().within(std::chrono::minutes(5));
  if (const auto failed = ports.cluster.get(attempts.ref(), again)) attempts.discard(*failed, again);
  attempts.on(o.node, again);
}

}  // namespace ms2m
