#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "crio/sandbox.hpp"
#include "runtime/container.hpp"

namespace kubelet {

// The user of a process, from the security contexts and the image; names are looked up in the mounted root file system.
User user_of(const ContainerPlan& plan, const std::filesystem::path& rootfs);

struct SpecPlace {
  std::string id;
  std::string cgroup;
  std::filesystem::path rootfs;
  const CrioSandbox* sandbox = nullptr;
  bool limits = false;  // cgroup2 has the controllers
  // Given for a restore: mounts of the kubelet's with another destination are left out.
  std::optional<std::set<std::string>> only_destinations;
};

// The runtime's config.json, as CRI-O makes it. Throws ContainerError ("no command specified").
Json make_spec(const ContainerPlan& plan, const SpecPlace& place);

// Destinations that a restore does not ask the pod for.
const std::set<std::string>& own_mount_points();

}  // namespace kubelet
