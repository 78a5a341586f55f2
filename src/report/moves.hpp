// What `ms2m report` makes of the results that migrations have left: each `moves` is the documents of kind "outcome"
// (outcome_report.hpp), the oldest first, with "started" (RFC 3339) beside their own fields. What is missing in one of
// an earlier ms2m is as if it had not been measured.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m::report {

using Moves = std::vector<Json>;

std::string moves_text(const Moves& moves);
/// One object of kind "report".
Json moves_json(const Moves& moves);
/// The columns of scripts/bench baseline; `run` is the migration's id, `configuration` its strategy and carrier,
/// `status` its result.
std::string moves_csv(const Moves& moves);
/// Prometheus' text format, for node exporter's textfile collector.
std::string moves_metrics(const Moves& moves);
/// A picture: of each, when its phases were, and what it waited for one after the other.
std::string moves_svg(const Moves& moves);
/// One file that asks nobody for anything: the table, and of each the picture, its phases and what went wrong.
std::string moves_html(const Moves& moves);

}  // namespace ms2m::report
