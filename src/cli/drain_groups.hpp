// Which pods of a node must not be moved at the same time.
#pragma once
#include <vector>

#include "cli/session.hpp"
#include "report/drain_report.hpp"

namespace ms2m::cli {

/// Rows whose pods go one after the other: they share a controller, a queue or a disruption budget, and what one
/// changes there, another one would stumble over.
using DrainGroup = std::vector<report::Drained*>;

/// Of the rows that are to be moved (not_begun), `rows[n]` being of `pods[n]`. The longest group first, so that none is
/// left over at the end. Lists the budgets of their namespaces; that it may not is a warning.
std::vector<DrainGroup> drain_groups(const Context& context, Cluster& cluster, const std::vector<Json>& pods,
                                     std::vector<report::Drained>& rows);

}  // namespace ms2m::cli
