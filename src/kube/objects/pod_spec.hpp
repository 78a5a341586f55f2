// The target pod: the source's whole spec with only the needed edits. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

struct PodEdits {
  std::string name;
  std::string node;
  std::string container;                    ///< the one that is restored
  std::string image;                        ///< its checkpoint image; empty: the runtime handler restores it
  std::string id;                           ///< of the migration
  std::vector<std::string> without_labels;  ///< e.g. pod-template-hash, so that nobody adopts the copy early
  bool fresh = false;                       ///< nothing is restored: its own image, its init containers
};

struct TargetPod {
  Json pod;
  std::vector<std::string> notes;  ///< what was dropped or will start afresh
};

/// - name, nodeName and either the restored container's image and pull policy (Never) are changed, or the pod's runtime
/// class, with an annotation; spec.hostname stays what it was;
/// - the kube-api-access-* volume that admission made and its mounts are dropped: admission makes the copy's own;
/// - init containers are dropped (they have run; the process image is their result); restartable ones (sidecars) and
///   those that set up the pod's network (network_init.hpp) stay;
/// - what the API server merged into label selectors beside matchLabelKeys is left to it again;
/// - status, uid, owner references, managed fields and generated metadata are dropped; labels and annotations stay, but
/// for what
///   belongs to the source alone (travel.hpp).
/// Error{protocol}: the source is no pod as an API server tells of them.
TargetPod make_target_pod(const Json& source, const PodEdits& edits);

/// Lines "- path: old" / "+ path: new" of all differences that matter to a person (server-set fields left out).
std::vector<std::string> diff_pods(const Json& source, const Json& target);

/// The container with the state: the given name; else the only one; else what the annotation
/// kubectl.kubernetes.io/default-container says. nullopt: there is none of that name, or none is marked.
std::optional<std::string> container_meant(const Json& pod, const std::string& wanted);
/// The same; throws Error{refused} naming the choices.
std::string choose_container(const Json& pod, const std::string& wanted);

}  // namespace ms2m
