// Operations that move a StatefulSet's pod under its own name.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Deletes the set and leaves its pods; returns when it is gone and its pods are without an owner.
void orphan_set(const Migrator::Ports& ports, const op::OrphanSet& o, const StopToken& stop);
/// Deletes the quiet source and waits until its process is really gone: a second reader of the control queue would
/// steal.
void end_quiet_source(const Migrator::Ports& ports, const op::RemoveSource& o, const StopToken& stop);
/// The same, once its successor answers its probes (or does not for long), where it has one.
void remove_source(const Migrator::Ports& ports, const op::RemoveSource& o, const StopToken& stop);
/// Creates the restored pod and waits until it listens to the hold queue. When the target cannot restore it, the
/// process is brought back on the source node from the same archive: nothing is lost either way.
void restore_pod(const Migrator::Ports& ports, const op::RestorePod& o, const StopToken& stop);
/// Creates the set again (server-set fields left out) and waits until it has adopted the pod.
void recreate_set(const Migrator::Ports& ports, const op::RecreateSet& o, const StopToken& stop);

}  // namespace ms2m
