// Behind the closed valve, of a source without the control protocol.
#pragma once
#include "steps/run.hpp"

namespace ms2m {

/// Returns when the broker counts no more as unacknowledged than the valve holds: nothing that was delivered to the
/// source is. Error{failed} at the token's deadline.
void wait_until_only_the_valve_holds(Run& run, const StopToken& stop);
/// Throws Error unless that is so, the valve had no gap, and the source is the very process that it was.
void check_undisturbed(Run& run, const StopToken& stop);

}  // namespace ms2m
