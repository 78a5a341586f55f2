// What was mounted in a directory by somebody who was killed.
#pragma once
#include <string>

namespace ms2m::node {

/// Takes away every mount below `directory`, the innermost first, also one that is in
/// use. CRIU, killed while it restores, leaves the node's control groups mounted in its work directory: whoever removed
/// that with all that is in it would go into them.
void detach_mounts_below(const std::string& directory);

}  // namespace ms2m::node
