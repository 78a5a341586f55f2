// A pod's volumes, and what its claims are bound to. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kube/objects/placement.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

enum class VolumeKind {
  empty_dir,
  ephemeral,  ///< its claim is the pod's own
  host_path,
  claim,
  config_map,
  secret,
  projected,
  downward_api,
  other,
};
/// As a specification names it: "configMap".
const char* to_string(VolumeKind kind);

struct PodVolume {
  std::string name;
  VolumeKind kind = VolumeKind::other;
  std::string path;   ///< host_path's
  std::string claim;  ///< claim's name
};
std::vector<PodVolume> volumes_of(const Json& pod);

/// A PersistentVolumeClaim.
struct Claim {
  std::string name;
  std::string volume;  ///< that it is bound to; empty: none yet
  std::vector<std::string> access_modes;
};
Claim parse_claim(const Json& claim);

struct PersistentVolume {
  std::string name;
  std::optional<std::vector<NodeTerm>> nodes;  ///< those that it can be had on; nullopt: all
};
PersistentVolume parse_persistent_volume(const Json& volume);

}  // namespace ms2m
