// The phase table, in the shape of baseline.md.
#pragma once
#include <string>
#include <vector>

#include "ms2m/outcome.hpp"

namespace ms2m::report {

/// Rows of cells as an aligned Markdown table; the first row is the head. Cells are made printable; '|' in them is
/// escaped.
std::string markdown_table(const std::vector<std::vector<std::string>>& rows);

/// Phase | Duration | % of Total | Notes: the phases of `outcome` in their order, then Total, and the whole command
/// with what of it is outside of the total.
std::string phase_table(const Outcome& outcome);

/// "Source pause    210ms" and so on, one line for each measure that is there.
std::string measure_lines(const Measures& measures);

/// "Waited for    pod start 900ms (the copy to run), ...": the longest waits for others, and the time that is outside
/// of all of them. Empty when it was not measured.
std::string wait_line(const std::vector<Waited>& path);

}  // namespace ms2m::report
