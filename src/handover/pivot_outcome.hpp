// What the broker says of a pivot whose answer was lost.
#pragma once
#include <string>

#include "handover/arrival.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// After a pivot whose outcome is unknown: true = it was committed. `source`: at the primary.
bool pivot_was_committed(const Migrator::Ports& ports, const std::string& id, AtWork source, const StopToken& stop);

}  // namespace ms2m
