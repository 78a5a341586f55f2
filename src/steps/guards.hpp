// Checks and guards that several steps share.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/stop.hpp"
#include "steps/run.hpp"

namespace ms2m {

/// ID and restarts of the source's container: one that was started again is another process, although the pod is the
/// same. Error{inconsistent} when the pod is gone.
std::string instance_of(Run& run, const StopToken& stop);
/// Throws Error{inconsistent} when the source's container was started again, or its pod is gone.
void check_source_instance(Run& run, const StopToken& stop);
/// Throws Error{inconsistent} unless the source is the very process that became quiet, and still is: `on_hold`
/// consumers of the hold queue, nobody new on the primary, the dead man's switch not fired. A connection that was lost
/// and is made again within the request's time for that is no harm: it is waited for.
void check_still_quiet(Run& run, std::uint64_t on_hold, const StopToken& stop);
/// Throws Error{inconsistent} when the primary has more consumers than `ours` of ms2m's own and those that were there
/// before: a copy that lost its connection and went back to the primary has taken messages that the other one never
/// gets.
void check_nobody_came(const Run& run, std::uint64_t ours, const StopToken& stop);
/// Of the consumers of the primary, those that are the source's or its copy's, or nobody's that was there before.
std::uint64_t uninvited(const Run& run, std::uint64_t ours, const StopToken& stop);
/// Throws Error{inconsistent} when the switch has fired; says so when it did because ms2m was stopped.
void check_dead_man(const Run& run);
/// The dead man's switch and the relay; cheap, for every loop that waits.
void check_guards(const Run& run);

}  // namespace ms2m
