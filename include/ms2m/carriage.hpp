// A checkpoint's way from node to node.
#pragma once

namespace ms2m {

enum class Carriage {
  relay,     ///< through ms2m, over its sessions with both nodes
  direct,    ///< over a connection of the nodes' own, which is authenticated and encrypted
  registry,  ///< through a repository of an OCI registry (registry.hpp), which both nodes reach
};
const char* to_string(Carriage carriage) noexcept;  // "relay", "direct", "registry"

}  // namespace ms2m
