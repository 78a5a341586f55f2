// Port: the repository of an OCI registry through which checkpoints go (Carriage::registry), as the nodes see it: it is
// the nodes that speak with it, never ms2m. What is in it holds the memory of the container, for everybody who may pull
// there.
//
// Thread rule and errors: as node.hpp, and Error{unavailable}: the node does not reach the registry, or not as it was
// named; {forbidden}: it does not let whoever ms2m's credentials name do that; {refused}: it cannot. With the cure.
#pragma once
#include <string>

#include "ms2m/stop.hpp"

namespace ms2m {

enum class RegistryUse { push, pull };

struct RegistryLook {
  bool deletes = true;  ///< push: what is pushed can be deleted again
};

class Registry {
 public:
  virtual ~Registry() = default;
  /// "registry.example:5000/ms2m:k3x9qa": by which moves of the migration `id` go, each anew. Asks nobody. Empty: ms2m
  /// was given no registry.
  virtual std::string name(const std::string& id) const = 0;
  /// Whether `node` can do there what a move's source or target does. Nothing is left there: an upload is begun, and
  /// taken back before its first byte.
  virtual RegistryLook look(const std::string& node, RegistryUse use, const StopToken& stop) = 0;
  /// The manifest, its tag and its blobs. False: it was not there. Error{refused}: this registry deletes nothing.
  /// Idempotent.
  virtual bool remove(const std::string& node, const std::string& name, const StopToken& stop) = 0;
};

}  // namespace ms2m
