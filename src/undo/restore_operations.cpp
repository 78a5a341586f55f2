#include "undo/restore_operations.hpp"

#include "handover/prepared_restore.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void take_back_restore(const Migrator::Ports& ports, const op::TakeBackRestore& o, const StopToken& stop) {
  try {
    ports.restores.take_back(o.node, o.id, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    if (ports.restores.watch(o.node, o.id, std::nullopt, stop).state != RestoreState::done) throw;
  }
}

void complete_restore(const Migrator::Ports& ports, const op::CompleteRestore& o, const StopToken& stop) {
  PreparedRestore restore{o.node, o.id};
  if (!o.pod.empty())
    if (const auto pod = ports.cluster.get({Kind::pod, o.ns, o.pod}, stop)) restore = restore_of(*pod);
  ports.restores.done(restore.node, restore.id, stop);
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
