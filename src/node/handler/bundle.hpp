// What a bundle says of its container: whether a restore was prepared for it, and what that needs.
#pragma once
#include <optional>
#include <string>

#include "node/restore/state.hpp"

namespace ms2m::node {

struct Bundle {
  std::string id;                          ///< of the restore
  Asking asking;                           ///< whose container it is
  std::string root;                        ///< its root file system: absolute
  std::string process_label, mount_label;  ///< SELinux's; "": none
};

/// Of <directory>/config.json. nullopt: it is nothing of ours: the annotation is not there, or names another container
/// of the pod; a sandbox; no bundle at all, of which the real runtime says more. Error{refused}: the annotation is
/// there, but it, or the bundle, is not understood.
///
/// Facts: CRI-O gives a pod's annotations to all of its containers; its own ones are io.kubernetes.cri-o.ContainerType
/// ("sandbox", "container"), .ImageRef, io.kubernetes.pod.name, .namespace, .uid, io.kubernetes.container.name.
/// containerd gives those that the handler's pod_annotations name; its own ones are io.kubernetes.cri.container-type,
/// .container-name, .sandbox-name, .sandbox-namespace, .sandbox-uid; no image ID, for which containerd is asked. What
/// is a runtime's own, a pod cannot set there.
std::optional<Bundle> read_bundle(const std::string& directory);
/// The same of its text.
std::optional<Bundle> parse_bundle(const std::string& config, const std::string& directory);

}  // namespace ms2m::node
