// Operations that move a StatefulSet's pod under its own name; carried out by Operations::run, data as in
// operations.hpp.
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Deletes the set and leaves its pods; returns when it is gone and its pods are without an owner.
void orphan_set(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// Deletes the quiet source and waits until its process is really gone: a second reader of the control queue would
/// steal.
void end_quiet_source(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// The same, once its successor answers its probes (or does not for long), where it has one.
void remove_source(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// Creates the restored pod and waits until it listens to the hold queue. When the target cannot restore it, the
/// process is brought back on the source node from the same archive: nothing is lost either way.
void restore_pod(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// Creates the set again (server-set fields left out) and waits until it has adopted the pod.
void recreate_set(Migrator::Ports& ports, const Json& o, const StopToken& stop);

}  // namespace ms2m
