// The runtime that a node's containers have when nobody says otherwise: what the handler stands before.
#pragma once
#include <string>
#include <vector>

#include "ms2m/stop.hpp"
#include "node/setup/place.hpp"

namespace ms2m::node {

struct RealRuntime {
  std::string path;  ///< absolute
  std::string kind;  ///< "crun" or "runc"
  std::string root;  ///< where the handler is told to keep state in place of what its caller says; "": as that says
  /// What the container runtime's configuration has to say of our handler.
  std::string drop_in;
  /// Lines without which it does not read that, and where they go in its own file; "": it reads it.
  std::string import;
  std::size_t import_at = 0;
};

/// As the node's configuration says, asked of the runtime itself where that answers. Error{refused}: a configuration
/// that is not understood.
RealRuntime find_crio_runtime(const SetupPlace& place, const StopToken& stop);
RealRuntime find_containerd_runtime(const SetupPlace& place, const StopToken& stop);

/// "crun" or "runc", by its name or by what it says. Error{refused}: neither, or it is our handler.
std::string kind_of(const SetupPlace& place, const std::string& path, const StopToken& stop);

}  // namespace ms2m::node
