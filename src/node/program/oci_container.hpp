// A running container as its OCI runtime knows it.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "node/program/roots.hpp"

namespace ms2m::node {

struct OciContainer {
  std::string runtime;  ///< path of the real one's program, never of our handler
  std::string criu;     ///< the file that CRIU reads for it
  std::string root;     ///< where that keeps its state: its --root
  pid_t init = 0;       ///< the container's first process
  std::string group;    ///< the control group, as the runtime names it; "": it is the container's
};

/// By the file that the runtime keeps of it, where its monitor, the handler's settings or the usual places say.
/// nullopt: no runtime knows it, or its first process has gone. Error{refused}: its runtime's program is not to be
/// found.
std::optional<OciContainer> find_oci_container(const Roots& roots, const std::string& id);

}  // namespace ms2m::node
