// A copy that is lost after the pivot, while its source is still there: deleted by somebody, evicted, gone with its
// node.
#pragma once
#include "journal/journal.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// After the pivot: true when the copy is lost (or ended_before_done()) and the source has not been retired, so that
/// what is left of the migration is to be undone, not finished: the source, which is quiet and has everything up to the
/// pivot, gets the queue back (if it is gone too, nobody does). Returns only when nobody consumes the queue in the
/// copy's place: a node that cannot be reached may still run it; Error{timeout} then. Never true where the source had
/// to go before the copy came, and for the published fan-out.
bool must_take_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

/// The source is there, and the copy, restored by the runtime handler, has ended before its node was told that it owns
/// the queue: it cannot come back, and nobody has its place in its pod. False also where that cannot be found out, and
/// for a copy whose source had to go first.
bool ended_before_done(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

/// The copy was given the queue before it had all of its memory, and was ended because that did not come: nothing of it
/// is left but its pod. Error: its node could not be asked.
bool memory_is_lost(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

/// Where the copy has the source's name, and the source is gone: true when the copy is lost before it was seen to
/// consume, and has been restored once more from the same checkpoint.
bool restored_again(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

}  // namespace ms2m
