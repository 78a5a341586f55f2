// Names below a root directory that somebody else filled.
#pragma once
#include <string>
#include <vector>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// "./a//b/" -> {"a", "b"}; empty: the root itself. Error{refused}: "..", a name longer than 255 bytes, or a path
/// longer than 4096.
std::vector<std::string> steps_of(const std::string& path);

/// The directory of these steps, links in between resolved with `root` as "/". Those that are missing are made (mode
/// 0755) or, without `make`, there is none: empty. Error{refused|failed}.
posix::UniqueFd open_below(int root, const std::vector<std::string>& steps, bool make);

}  // namespace ms2m::node
