// The one place that names adapters.
#pragma once
#include <memory>

#include "cli/backend.hpp"

namespace ms2m::cli {
std::unique_ptr<Backend> make_backend();
/// Ends what must not outlive a process that leaves at once. Async-signal-safe.
void leave_at_once() noexcept;
}  // namespace ms2m::cli
