// Operations of strategy sequential: the source's name becomes free by scaling its StatefulSet down (or by deleting a
// bare pod), in the time that its termination takes; afterwards the set is scaled up around the restored pod. Carried
// out by Operations::run, data as in operations.hpp.
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Scales the set down by one; returns when its controller has seen it. Does nothing once the copy is there.
void scale_down(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// Waits until the source and its process have ended; a bare pod is deleted first. The limit is the pod's own grace
/// period and a minute: that may be longer than what other operations get.
void end_source_in_its_time(Migrator::Ports& ports, const Json& o, const StopToken& stop);
/// Scales the set up again, gives the copy the label back by which the set selects its pods, and waits until the set
/// owns it.
void scale_up(Migrator::Ports& ports, const Json& o, const StopToken& stop);

}  // namespace ms2m
