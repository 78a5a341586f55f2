// Who the program is.
#pragma once
#include "node/protocol/version.hpp"

namespace ms2m::node {

/// Of this process' own executable.
Greeting own_greeting();

}  // namespace ms2m::node
