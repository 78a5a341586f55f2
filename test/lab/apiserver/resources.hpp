// The kinds of object that the stand-in stores, and where they are found.
#pragma once

#include <string>
#include <vector>

#include "status.hpp"

namespace ms2m::lab {

enum class Scope { kCluster, kNamespace };

struct ResourceType {
  std::string group;
  std::string version;
  std::string plural;
  std::string kind;
  Scope scope = Scope::kNamespace;
  bool has_status = false;      // a /status subresource: the main resource cannot change the status
  bool has_scale = false;       // a /scale subresource
  bool has_generation = false;  // metadata.generation counts changes of the spec

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  GroupResource group_resource() const { return {group, plural}; }
  bool namespaced() const { return scope == Scope::kNamespace; }
};

const std::vector<ResourceType>& resource_types();
// nullptr when there is none.
const ResourceType* find_resource(const std::string& group, const std::string& version, const std::string& plural);
const ResourceType* find_kind(const std::string& api_version, const std::string& kind);

// Those that the stand-in's own code speaks about. The reference lives as long as the process.
const ResourceType& type_of(const std::string& plural);

}  // namespace ms2m::lab
