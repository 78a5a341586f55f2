// What a program says first on a line that nobody else speaks on.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "node/session/line.hpp"

namespace ms2m::node {

/// Without its end; what comes behind it stays in link.early. "": it is longer than any greeting. Blocks. The line's
/// cause() when that ends before; by `stop` Cancelled, Error{timeout} with what is done.
std::string first_line(Link& link, const std::string& doing, const StopToken& stop);

}  // namespace ms2m::node
