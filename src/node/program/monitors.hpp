// The program beside each container, where its runtime has one.
#pragma once
#include <optional>
#include <string>

namespace ms2m::node {

/// What its command line says.
struct Monitor {
  std::string runtime;  ///< the OCI runtime: a path, mostly; "": it says none
  std::string root;     ///< where that was told to keep its state; "": nothing was said
};
/// nullopt: the container has none.
std::optional<Monitor> monitor_of(const std::string& container_id);

}  // namespace ms2m::node
