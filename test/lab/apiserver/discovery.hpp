// /version, the health checks, and the lists of groups and resources.
#pragma once

#include <optional>

#include "call.hpp"

namespace ms2m::lab {

// nullopt for any other path.
std::optional<Answer> answer_discovery(const Call& call);

}  // namespace ms2m::lab
