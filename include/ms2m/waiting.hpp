// What a migration waits for, at every moment of it. Values.
#pragma once
#include <string>
#include <vector>

#include "ms2m/event.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

enum class WaitFor {
  kubelet,     ///< of a node: its checkpoint, its own list of pods
  runtime,     ///< of a node, the OCI one, with CRIU: a checkpoint without the kubelet, a restore
  disk,        ///< of a node: an archive that is being written, or becomes an image
  network,     ///< the archive's way from node to node
  pod_start,   ///< until a pod's container waits, its process runs, or it is Ready
  pod_end,     ///< until a pod is gone, or its end has begun
  consumer,    ///< the application: until it is quiet, has connected again, has caught up, consumes
  broker,      ///< an answer of it, or of its management API
  api_server,  ///< an answer of it
  node,        ///< an answer of the node program
  hook,        ///< a command of the operator's
  ms2m,        ///< nobody: its own work, and the writing of its journal
};
const char* to_string(WaitFor what) noexcept;  // "kubelet", "pod start", "api server", ...

/// Whether that is what ms2m's procedure costs besides what is to be done: its questions and its own work.
bool is_own(WaitFor what) noexcept;

/// What is waited for where nothing is asked; `what`: a literal.
struct Wait {
  WaitFor on = WaitFor::ms2m;
  const char* what = "its own work";
};

/// A piece of the time, which begins where the one before it ended.
struct Waited {
  WaitFor on = WaitFor::ms2m;
  std::string what;  ///< "checkpoint of consumer-0", "the copy to catch up"
  Phase phase = Phase::preparing;
  Seconds length{0};
};

/// The time of those that is_own().
Seconds own_time(const std::vector<Waited>& path) noexcept;

}  // namespace ms2m
