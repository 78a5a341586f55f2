// `create` of a container that a restore was prepared for.
#pragma once
#include "node/handler/bundle.hpp"
#include "node/handler/command_line.hpp"
#include "node/handler/handler_paths.hpp"
#include "node/runtime/handler_configuration.hpp"

namespace ms2m::node {

/// Waits until the restore's state (restore/state.hpp) says something else than that, and does it: restores with this
/// bundle, or becomes the real runtime's `create`, which starts it cold. Returns the exit status of the restore; when
/// it failed, or this process dies, nothing of it runs. Error{refused|conflict|timeout}: not restored, and not begun.
int create(const HandlerPaths& paths, const HandlerConfiguration& configuration, const CommandLine& line,
           const Bundle& bundle);

}  // namespace ms2m::node
