// A config.yaml to begin with.
#pragma once
#include <string>

namespace ms2m::cli {

/// Every key as a comment: lines that begin with "# " are prose, those with "#" and a key become settings without it.
std::string config_template();

}  // namespace ms2m::cli
