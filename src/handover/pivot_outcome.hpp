// What the broker says of a pivot whose answer was lost.
#pragma once
#include <functional>
#include <string>

#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Whether the source is at work on the primary, as far as is seen.
using SourceAtWork = std::function<bool(const StopToken& stop)>;

/// After a pivot whose outcome is unknown: true = it was committed.
bool pivot_was_committed(const Migrator::Ports& ports, const std::string& id, const SourceAtWork& source,
                         const StopToken& stop);

}  // namespace ms2m
