// Operations of strategy sequential: the source's name becomes free by scaling its StatefulSet down (or by deleting a
// bare pod), in the time that its termination takes; afterwards the set is scaled up around the restored pod.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Scales the set down by one; returns when its controller has seen it. Does nothing once the copy is there.
void scale_down(const Migrator::Ports& ports, const op::ScaleDown& o, const StopToken& stop);
/// Waits until the source and its process have ended; a bare pod is deleted first. The limit is the pod's own grace
/// period and a minute: that may be longer than what other operations get.
void end_source(const Migrator::Ports& ports, const op::EndSource& o, const StopToken& stop);
/// Scales the set up again, gives the copy the label back by which the set selects its pods, and waits until the set
/// owns it.
void scale_up(const Migrator::Ports& ports, const op::ScaleUp& o, const StopToken& stop);

}  // namespace ms2m
