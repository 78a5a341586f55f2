// An OCI runtime's checkpoint, run to its end.
#pragma once
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/stop.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

struct Checkpointed {
  posix::ExitStatus status;
  std::string said;  ///< the end of its stderr
};

/// One that runs. Not thread-safe.
class Checkpointing {
 public:
  /// Its standard streams are null and pipes of ours; see ProcessSpec::inherited. Error{failed}: it cannot be run.
  explicit Checkpointing(const std::vector<std::string>& argv, const std::vector<int>& inherited = {});

  pid_t group() const noexcept { return child_.pid(); }
  /// Until `fd` can be read: true; or the runtime has ended, or `stop` is stopped.
  bool await(int fd, const StopToken& stop);
  /// Returns when nothing of its process group is left. When `stop` is stopped, it may still come to its end by itself,
  /// for half a minute, before it is killed: CRIU undoes what it did to the container's processes at its end, and only
  /// then. That it was stopped is for the caller to look at.
  Checkpointed finish(const StopToken& stop);

 private:
  void collect();
  void kill_late();
  posix::Child child_;
  std::optional<TimePoint> until_;
  std::string said_;
};

/// All of it. `began` hears of its process group at once.
Checkpointed run_checkpoint(const std::vector<std::string>& argv, const std::function<void(pid_t group)>& began,
                            const StopToken& stop);

}  // namespace ms2m::node
