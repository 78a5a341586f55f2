#include "controllers/volumes.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& claim_type() { return type_of("persistentvolumeclaims"); }
const ResourceType& volume_type() { return type_of("persistentvolumes"); }
const char* const kFolder = "/var/lib/kubelet/lab-volumes/";
}  // namespace

void VolumeController::observe(const Event& event) {
  if (event.type != &claim_type()) return;
  if (event.kind != EventType::kDeleted) {
    enqueue({namespace_of(*event.object), name_of(*event.object)});
    return;
  }
  const std::string volume = text(*event.object, {"spec", "volumeName"});
  const ObjectPtr found = store_.find(volume_type(), "", volume);
  if (found && text(*found, {"spec", "persistentVolumeReclaimPolicy"}) == "Delete")
    store_.remove(volume_type(), "", volume);
}

void VolumeController::sync(const WorkKey& key) {
  const ObjectPtr claim = store_.find(claim_type(), key.first, key.second);
  if (!claim || is_deleting(*claim) || text(*claim, {"status", "phase"}) == "Bound") return;
  std::string volume = text(*claim, {"spec", "volumeName"});
  Json capacity = at(*claim, {"spec", "resources", "requests"});
  const ObjectPtr given = volume.empty() ? nullptr : store_.find(volume_type(), "", volume);
  const Json reference{{"kind", "PersistentVolumeClaim"},
                       {"apiVersion", "v1"},
                       {"namespace", key.first},
                       {"name", key.second},
                       {"uid", uid_of(*claim)}};
  if (!volume.empty() && !given) return;  // its volume may come yet
  if (given) {
    capacity = at(*given, {"spec", "capacity"});
    store_.update(volume_type(), "", volume, [&](Json& object) {
      object["spec"]["claimRef"] = reference;
      object["status"] = {{"phase", "Bound"}};
    });
  } else {
    volume = "pvc-" + uid_of(*claim);
    store_.create(volume_type(), {{"apiVersion", "v1"},
                                  {"kind", "PersistentVolume"},
                                  {"metadata", {{"name", volume}}},
                                  {"spec",
                                   {{"capacity", capacity},
                                    {"accessModes", at(*claim, {"spec", "accessModes"})},
                                    {"hostPath", {{"path", kFolder + volume}, {"type", "DirectoryOrCreate"}}},
                                    {"claimRef", reference},
                                    {"persistentVolumeReclaimPolicy", "Delete"},
                                    {"storageClassName", text(*claim, {"spec", "storageClassName"})},
                                    {"volumeMode", "Filesystem"}}},
                                  {"status", {{"phase", "Bound"}}}});
  }
  store_.update(claim_type(), key.first, key.second, [&](Json& object) {
    object["spec"]["volumeName"] = volume;
    object["status"] = {
        {"phase", "Bound"}, {"accessModes", at(object, {"spec", "accessModes"})}, {"capacity", capacity}};
  });
}

}  // namespace ms2m::lab
