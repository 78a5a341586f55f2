#include "undo/restore_operations.hpp"

#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

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
  for (const auto& [id, status] : ports.restores.list(o.node, stop)) {
    if (id != o.id && !id.starts_with(again(o.id))) continue;
    // An attempt that came to nothing, whose pod somebody has taken away: what serves is restored by now.
    if (status.state == RestoreState::prepared || status.state == RestoreState::taken)
      ports.restores.take_back(o.node, id, stop);
    ports.restores.remove_data(o.node, id, stop);
  }
  ports.restores.sweep(o.node, stop);
}

}  // namespace ms2m
