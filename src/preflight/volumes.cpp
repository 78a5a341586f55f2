// Findings about what the pod mounts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "kube/objects/container.hpp"
#include "kube/objects/volumes.hpp"
#include "plan/facts.hpp"
#include "preflight/node_fit.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

constexpr const char* kAccept = "accept that with --accept-volume-loss if the application can do without them";

void refuse(std::vector<Finding>& out, std::string text, std::string cure) {
  out.push_back({"volumes", Level::refusal, std::move(text), std::move(cure)});
}

void lost(const MigrationRequest& request, std::vector<Finding>& out, std::string text) {
  out.push_back({"volumes", request.accept_volume_loss ? Level::warning : Level::refusal, std::move(text), kAccept});
}

/// Files there are gone after a restore, and an open one fails it ("Can't open file ... on restore"; kube-facts.md).
void check_empty_dir(const Facts& facts, const MigrationRequest& request, const std::string& name,
                     std::vector<Finding>& out) {
  const auto found = facts.source.look.volumes.find(name);
  const Content content = found == facts.source.look.volumes.end() ? Content::unknown : found->second;
  if (content == Content::empty)
    out.push_back(
        {"volumes", Level::ok, fmt::format("emptyDir volume {} is empty: the copy gets a new one", name), ""});
  else if (content == Content::data)
    lost(request, out,
         fmt::format("emptyDir volume {} has files in it, which do not move: they would be gone, and an open one fails "
                     "the restore",
                     name));
  else
    lost(request, out,
         fmt::format("emptyDir volume {} does not move and could not be looked into: its files would be gone, and an "
                     "open one fails the restore",
                     name));
}

void check_shared_memory(const Facts& facts, const MigrationRequest& request, const Container& container,
                         std::vector<Finding>& out) {
  if (facts.source.access) return;  // refused for that
  for (const Mount& mount : container.mounts)
    if (mount.path == "/dev/shm") return;  // a volume like others
  const Content content = facts.source.look.shm;
  if (content == Content::data)
    lost(request, out,
         "/dev/shm has files in it, which do not move: they would be gone, and an open one fails the restore");
  else if (content == Content::unknown && !request.accept_volume_loss)
    out.push_back(
        {"volumes", Level::warning, "/dev/shm of the container could not be looked into: files there do not move", ""});
}

void check_claim(const Facts& facts, const MigrationRequest& request, const Claim& claim, std::vector<Finding>& out) {
  const auto& modes = claim.access_modes;
  const bool shared = std::any_of(modes.begin(), modes.end(), [](const std::string& mode) {
    return mode == "ReadWriteMany" || mode == "ReadOnlyMany";
  });
  if (!shared)
    return refuse(out,
                  fmt::format("claim {} is {}: source and target cannot both have it, on two nodes", claim.name,
                              fmt::join(modes, ", ")),
                  "use a ReadWriteMany volume");
  for (const PersistentVolume& volume : facts.volumes)
    if (volume.name == claim.volume && facts.target.node && !reaches(*facts.target.node, volume))
      return refuse(out,
                    fmt::format("volume {} of claim {} cannot be had on node {}: its node affinity says so",
                                claim.volume, claim.name, request.target_node),
                    "choose a node that it allows, or use a volume that is tied to none");
  out.push_back({"volumes", Level::ok, fmt::format("claim {} is {}", claim.name, fmt::join(modes, ", ")), ""});
}

bool is_empty_dir(const std::vector<PodVolume>& volumes, const std::string& name) {
  return std::any_of(volumes.begin(), volumes.end(), [&](const PodVolume& volume) {
    return volume.name == name && volume.kind == VolumeKind::empty_dir;
  });
}

/// $(NAME) of a subPathExpr is expanded anew for the copy.
void check_sub_paths(const Facts& facts, const Container& container, const std::vector<PodVolume>& volumes,
                     std::vector<Finding>& out) {
  const bool keeps_name = facts.procedure.source_first();
  for (const Mount& mount : container.mounts) {
    if (is_empty_dir(volumes, mount.volume)) continue;  // the copy's is another anyway
    for (const Variable& variable : container.environment) {
      if (mount.sub_path.find("$(" + variable.name + ")") == std::string::npos) continue;
      const std::string& field = variable.field;
      const bool stays = field.empty() || field == "metadata.namespace" || field == "spec.serviceAccountName" ||
                         field.rfind("metadata.labels[", 0) == 0 || field.rfind("metadata.annotations[", 0) == 0 ||
                         (keeps_name && field == "metadata.name");
      if (!stays)
        refuse(out,
               fmt::format("mount {} leads to a directory that is named after {}, which is another for the copy",
                           mount.path, field),
               field == "metadata.name" && facts.procedure.workload == Workload::stateful_set
                   ? "use --strategy handoff, which keeps the pod's name"
                   : "let subPathExpr name something that does not change with the pod");
    }
  }
}

bool is_written_by_kubelet(VolumeKind kind) {
  return kind == VolumeKind::config_map || kind == VolumeKind::secret || kind == VolumeKind::projected ||
         kind == VolumeKind::downward_api;
}

/// CRIU opens what was open by its path. The files of these volumes are gone, or lie in a directory whose name has the
/// time in it at which the kubelet wrote it ("..2026_11_22_09_12_09.123456789").
void check_open_files(const Facts& facts, const Container& container, const std::vector<PodVolume>& volumes,
                      std::vector<Finding>& out) {
  const std::set<std::string>& open = facts.source.look.open_files;
  const auto& mounts = container.mounts;
  const auto deeper = [&](const std::string& file, const std::string& prefix) {
    return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) {
      const std::string path = mount.path + "/";
      return path.size() > prefix.size() && file.rfind(path, 0) == 0;
    });
  };
  const auto beginning_with = [&](const std::string& prefix) -> std::string {
    for (auto file = open.lower_bound(prefix); file != open.end() && file->rfind(prefix, 0) == 0; ++file)
      if (!deeper(*file, prefix)) return *file;
    return "";
  };
  const auto refuse_open = [&](const std::string& file, const std::string& what) {
    if (!file.empty())
      refuse(out, fmt::format("file {} of {} is open, and the copy cannot open it again", file, what),
             "let the application close it before the move, or keep it in another volume");
  };
  bool own_shm = true;
  for (const Mount& mount : mounts) {
    own_shm = own_shm && mount.path != "/dev/shm";
    for (const PodVolume& volume : volumes) {
      if (volume.name != mount.volume) continue;
      if (volume.kind == VolumeKind::empty_dir)
        refuse_open(beginning_with(mount.path + "/"), "emptyDir volume " + volume.name);
      if (is_written_by_kubelet(volume.kind))
        refuse_open(beginning_with(mount.path + "/..2"),
                    fmt::format("{} volume {}", to_string(volume.kind), volume.name));
    }
  }
  if (own_shm) refuse_open(beginning_with("/dev/shm/"), "/dev/shm");
}

}  // namespace

void check_volumes(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto container = container_in(facts.pod, facts.container);
  if (!container) return;  // chosen from what there is
  const std::vector<PodVolume> volumes = volumes_of(facts.pod);
  for (const PodVolume& volume : volumes) {
    const bool mounted = mounts_volume(*container, volume.name);
    if (volume.kind == VolumeKind::empty_dir && mounted) check_empty_dir(facts, request, volume.name, out);
    if (volume.kind == VolumeKind::ephemeral && facts.procedure.keeps_name())
      refuse(out,
             fmt::format("ephemeral volume {} is tied to this very pod: one of the same name cannot have it, nor "
                         "another as long as it exists",
                         volume.name),
             "use a volume of another kind");
    else if (volume.kind == VolumeKind::ephemeral && mounted)
      lost(request, out,
           fmt::format(
               "ephemeral volume {} belongs to this pod alone: the copy gets an empty one, so its files would be gone",
               volume.name));
    if (volume.kind == VolumeKind::host_path && !request.allow_hostpath)
      refuse(out,
             fmt::format("hostPath volume {} ({}) is another directory on the target node", volume.name, volume.path),
             "if both nodes have the same content there, allow it with --allow-hostpath");
  }
  check_shared_memory(facts, request, *container, out);
  check_open_files(facts, *container, volumes, out);
  check_sub_paths(facts, *container, volumes, out);
  for (const Claim& claim : facts.claims) check_claim(facts, request, claim, out);
}

/// What is in a volume of the pod alone is no part of a state that the stream makes anew.
void check_fresh_volumes(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  for (const PodVolume& volume : volumes_of(facts.pod))
    if (volume.kind == VolumeKind::host_path && !request.allow_hostpath)
      refuse(out,
             fmt::format("hostPath volume {} ({}) is another directory on the target node", volume.name, volume.path),
             "if both nodes have the same content there, allow it with --allow-hostpath");
  for (const Claim& claim : facts.claims) check_claim(facts, request, claim, out);
}

}  // namespace ms2m
