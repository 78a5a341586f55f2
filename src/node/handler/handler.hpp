// ms2m-runtime: an OCI runtime that restores.
#pragma once
#include "node/handler/handler_paths.hpp"

namespace ms2m::node {

/// Everything is the real runtime's, by exec, but `create` of a container that a restore was prepared for, and what
/// follows that one: until its first `start`, `state` says created, and that `start` does nothing, as the process runs.
/// Returns the exit status; does not return where the real runtime takes over. There must be no other thread.
int run_handler(const HandlerPaths& paths, int argc, char** argv);

}  // namespace ms2m::node
