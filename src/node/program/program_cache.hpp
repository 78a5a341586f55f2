// Where ms2m keeps this program between its sessions (session/push.hpp).
#pragma once
#include <string>

#include "node/protocol/messages.hpp"

namespace ms2m::node {

/// The request's promise, for `cache`.
Forgotten forget_program(const std::string& cache);

}  // namespace ms2m::node
