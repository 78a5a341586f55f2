// An OCI runtime's checkpoint, run to its end.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "ms2m/stop.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

struct Checkpointed {
  posix::ExitStatus status;
  std::string said;  ///< the end of its stderr
};

/// Returns when nothing of its process group is left. `began` hears of that group at once. When `stop` is stopped, it
/// may still come to its end by itself, for half a minute, before it is killed: CRIU undoes what it did to the
/// container's processes at its end, and only then. That it was stopped is for the caller to look at. Error{failed}: it
/// cannot be run.
Checkpointed run_checkpoint(const std::vector<std::string>& argv, const std::function<void(pid_t group)>& began,
                            const StopToken& stop);

}  // namespace ms2m::node
