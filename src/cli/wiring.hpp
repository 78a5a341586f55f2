// The one place that names adapters.
#pragma once
#include <memory>

#include "cli/backend.hpp"

namespace ms2m::cli {
std::unique_ptr<Backend> make_backend();
}  // namespace ms2m::cli
