// Containers whose checkpoint somebody else makes, the kubelet. containerd pauses such a container itself and cannot
// wake it when the call is given up in the middle: it wakes it by the same call.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "ms2m/stop.hpp"

namespace ms2m::node {

/// Whether somebody makes a checkpoint of it now: a CRIU has one of its processes, or a program's command line says so.
/// `id`: without the runtime's name.
bool is_worked_at(const std::string& id);

/// Thread-safe. `groups`: below which control groups lie; `system`: below which the node's programs do. Error{usage}
/// for what is no container's ID.
class Attended {
 public:
  Attended(std::string groups, std::string system) : groups_(std::move(groups)), system_(std::move(system)) {}

  /// Its checkpoint is about to be made: from now on it is mended at the end of the session. One that stands still
  /// already is not: that is somebody else's.
  void begin(const std::string& container);
  /// The checkpoint has been answered.
  void over(const std::string& container);
  /// Waits until nobody works at a checkpoint of it (a quarter of an hour at most), and, where it still stands still
  /// and no session holds it, resumes it. False: it runs, is held, has gone, or stood still before. Takes two seconds
  /// at least. Error{failed}: it could not be resumed. Throws Cancelled.
  bool mend(const std::string& container, const StopToken& stop);
  /// Every one that is not over.
  void end() noexcept;

 private:
  const std::string groups_, system_;
  std::mutex mutex_;
  std::map<std::string, bool> all_;  ///< by ID: it stood still before
};

}  // namespace ms2m::node
