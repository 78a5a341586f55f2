#include "kube/objects/volumes.hpp"

#include <utility>

#include "base/fields.hpp"
#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

constexpr std::pair<const char*, VolumeKind> kKinds[] = {
    {"emptyDir", VolumeKind::empty_dir},   {"ephemeral", VolumeKind::ephemeral},
    {"hostPath", VolumeKind::host_path},   {"persistentVolumeClaim", VolumeKind::claim},
    {"configMap", VolumeKind::config_map}, {"secret", VolumeKind::secret},
    {"projected", VolumeKind::projected},  {"downwardAPI", VolumeKind::downward_api},
};

VolumeKind kind_of(const Json& volume) {
  for (const auto& [word, kind] : kKinds)
    if (volume.contains(word)) return kind;
  return VolumeKind::other;
}

}  // namespace

const char* to_string(VolumeKind kind) {
  for (const auto& [word, each] : kKinds)
    if (each == kind) return word;
  return "other";
}

std::vector<PodVolume> volumes_of(const Json& pod) {
  std::vector<PodVolume> volumes;
  for (const Json& volume : array_at(object_at(pod, "spec"), "volumes"))
    volumes.push_back({text_at(volume, "name"), kind_of(volume), text_at(object_at(volume, "hostPath"), "path"),
                       text_at(object_at(volume, "persistentVolumeClaim"), "claimName")});
  return volumes;
}

Claim parse_claim(const Json& claim) {
  const Json &spec = object_at(claim, "spec"), &status = object_at(claim, "status");
  return {name_of(claim), text_at(spec, "volumeName"),
          texts_at(status.contains("accessModes") ? status : spec, "accessModes")};
}

PersistentVolume parse_persistent_volume(const Json& volume) {
  return {name_of(volume), node_terms(object_at(object_at(volume, "spec"), "nodeAffinity"), "required")};
}

}  // namespace ms2m
