// ms2m's own consumer of the primary, which holds back what others would get.
#pragma once
#include "steps/run.hpp"

namespace ms2m {

/// Holds back what is in the primary and what comes. Error{failed} when more waits than the valve can keep in order,
/// unless the request allows that.
void close_valve(Run& run, const StopToken& stop);
/// Closes it for a source that does not look at its control queue, while the backlog still fits. False: that has
/// outgrown the valve meanwhile, which is open again.
bool close_valve_in_time(Run& run, const StopToken& stop);

}  // namespace ms2m
