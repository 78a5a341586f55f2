// The kinds that ms2m touches: group, version, plural; and the paths built from them. Pure.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"

namespace ms2m {

struct Resource {
  const char* api_version;  ///< "v1", "apps/v1"
  const char* kind;
  const char* plural;
  bool namespaced;
};
const Resource& resource_of(Kind kind) noexcept;

/// "/api/v1/namespaces/default/pods"; ns empty: of all namespaces.
std::string collection_path(Kind kind, const std::string& ns);
/// "/apis/apps/v1/namespaces/default/deployments/x". Error{usage} for an empty name, or a namespaced kind without
/// namespace.
std::string object_path(const ObjectRef& ref);

}  // namespace ms2m
