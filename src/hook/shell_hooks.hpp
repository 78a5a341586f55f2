// Hooks as lines for the operator's own shell, on the machine where ms2m runs.
#pragma once
#include <memory>

#include "ms2m/event.hpp"
#include "ms2m/hook.hpp"

namespace ms2m::hook {

/// By /bin/sh, in a process group of its own and in our working directory. On its standard input the outcome so
/// far: the document of kind "outcome", with "hook" in it; before the end its result and exit status are null. In its
/// environment MS2M_ID and MS2M_PHASE, and nothing that names a broker's login or a token. Each line that it writes to
/// standard output or standard error is an event of type hook. What it has put into the background is left alone when
/// it ends, and killed with it at the limit.
std::unique_ptr<Hooks> make_shell_hooks(Observer& observer);

/// Kills those that run, each with what it has begun. Async-signal-safe; any thread.
void end_running() noexcept;

}  // namespace ms2m::hook
