// Deleting an object: grace periods of pods, finalizers, propagation, preconditions
// (k8s.io/apiserver/pkg/registry/rest/delete.go).
#pragma once

#include <optional>

#include "store.hpp"

namespace ms2m::lab {

struct DeleteOptions {
  std::optional<std::int64_t> grace_seconds;
  std::string propagation;  // "", Background, Foreground, Orphan
  std::string uid;          // preconditions
  std::string resource_version;

  static DeleteOptions background(std::optional<std::int64_t> grace = std::nullopt) {
    return {grace, "Background", "", ""};
  }
};

struct Deleted {
  ObjectPtr object;   // as it is now, or as it was last
  bool gone = false;  // nothing of it is left in the store
};

// Throws NotFound, Conflict (precondition).
Deleted delete_object(Store& store, const ResourceType& type, const std::string& space, const std::string& name,
                      const DeleteOptions& options);

}  // namespace ms2m::lab
