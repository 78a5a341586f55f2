#include "undo/restore_operations.hpp"

#include <algorithm>

#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kDirectoryGoes{10};
constexpr Millis kLook{100};

}  // namespace

void end_restore(NodeRestores& restores, const PreparedRestore& restore, const StopToken& stop) {
  try {
    restores.take_back(restore.node, restore.id, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    if (restores.watch(restore.node, restore.id, std::nullopt, stop).state != RestoreState::done) throw;
  }
}

void take_back_restore(const Migrator::Ports& ports, const op::TakeBackRestore& o, const StopToken& stop) {
  end_restore(ports.restores, {o.node, o.id}, stop);
}

namespace {

/// By which the pod came, also when its mark has been taken away since. Without one the ID is empty.
PreparedRestore restore_for(const Migrator::Ports& ports, const Json& pod, const StopToken& stop) {
  PreparedRestore restore = restore_of(pod);
  if (!restore.id.empty()) return restore;
  for (const auto& [id, status] : ports.restores.list(restore.node, stop))
    if (status.uid == pod_uid(pod)) restore.id = id;
  return restore;
}

bool is_of(const std::string& migration, const std::string& id) {
  return id == migration || id.starts_with(again(migration));
}

/// Until nothing is known of what was taken back: that is kept for as long as the kubelet has its pod's directory,
/// which goes a little later than the pod. Where it takes longer, whoever sweeps next removes it.
void await_swept(NodeRestores& restores, const op::RemoveRestore& o, const StopToken& stop) {
  const TimePoint end = Clock::now() + kDirectoryGoes;
  const auto some = [&] {
    const auto known = restores.list(o.node, stop);
    return std::any_of(known.begin(), known.end(), [&](const auto& each) {
      return is_of(o.id, each.first) && each.second.state == RestoreState::voided;
    });
  };
  while (some() && Clock::now() < end) {
    stop.sleep(kLook, "waiting for the kubelet of " + o.node + " to forget the copy");
    restores.sweep(o.node, stop);
  }
}

}  // namespace

void complete_restore(const Migrator::Ports& ports, const op::CompleteRestore& o, const StopToken& stop) {
  PreparedRestore restore{o.node, o.id};
  if (!o.pod.empty())
    if (const auto pod = ports.cluster.get({Kind::pod, o.ns, o.pod}, stop)) restore = restore_for(ports, *pod, stop);
  if (restore.id.empty()) return;
  try {
    ports.restores.done(restore.node, restore.id, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    // It went with its pod.
  }
}

void remove_restore(const Migrator::Ports& ports, const op::RemoveRestore& o, const StopToken& stop) {
  bool taken_back = false;
  for (const auto& [id, status] : ports.restores.list(o.node, stop)) {
    if (!is_of(o.id, id)) continue;
    // An attempt that came to nothing, whose pod somebody has taken away: what serves is restored by now.
    if (status.state == RestoreState::prepared || status.state == RestoreState::taken)
      ports.restores.take_back(o.node, id, stop);
    ports.restores.remove_data(o.node, id, stop);
    taken_back |= status.state != RestoreState::restored && status.state != RestoreState::done;
  }
  ports.restores.sweep(o.node, stop);
  if (taken_back) await_swept(ports.restores, o, stop);
}

}  // namespace ms2m
