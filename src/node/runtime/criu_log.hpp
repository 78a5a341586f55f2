// What CRIU says of a dump or a restore that failed.
#pragma once
#include <string>

namespace ms2m::node {

/// The last two lines with "Error" in its log, but for those that it says after every error: the first of them mostly
/// tells why. "": there are none.
std::string last_errors_of_criu(const std::string& log);

}  // namespace ms2m::node
