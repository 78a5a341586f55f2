// Columns of text.
#pragma once
#include <string>
#include <vector>

namespace ms2m::report {

/// One line a row, two spaces between columns, printable; the first row is the heading.
std::string table(std::vector<std::vector<std::string>> rows);

}  // namespace ms2m::report
