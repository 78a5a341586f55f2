// Names that a migration gives to pods and images, and the labels and annotations that it sets. Pure.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

/// spec.hostnameOverride or spec.hostname when set, else the pod's name, cut to 63 characters as the kubelet cuts it.
std::string pod_hostname(const Json& pod);

/// <base>-<suffix>, the base cut so that it is a host name: at most 63 characters.
std::string name_with_suffix(std::string base, const std::string& suffix);
/// <base>-<suffix>, where an earlier migration's suffix (annotation ms2m.io/base-name) is replaced, not added to; at
/// most 63 characters.
std::string target_pod_name(const Json& source, const std::string& suffix);

/// <repository of the original, as its pod's spec has it>:ms2m-moved-<id>. A kubelet that pulled the original itself
/// lets a pod start the same image only under the repository that it pulled it from, and would not start the container
/// again after a crash otherwise (KubeletEnsureSecretPulledImages, on by default since 1.35; it looks at the name
/// without its tag, as the pod's spec has it). localhost/ms2m/<pod>:<id> where nobody pulled it (localhost/...), and
/// for a short name of which name_in_store() knows nothing.
std::string checkpoint_image_name(const std::string& original, const std::vector<std::string>& known,
                                  const std::string& pod, const std::string& id);
/// `image` as the nodes' stores have it: a short one ("orders:1", "shop/orders:1") with the registry and path that one
/// of `known`, names of the same image from a pod's status or a store, has before it. Empty when none has.
std::string name_in_store(const std::string& image, const std::vector<std::string>& known);
/// Made by checkpoint_image_name().
bool is_checkpoint_image_name(const std::string& name);
/// Value of kRestoreAnnotation.
std::string restore_mark(const std::string& id, const std::string& container);
/// The same until nothing speaks against the restore any more: no pod names it.
std::string staged_image_name(const std::string& image);
/// The migration that made the object, or that is at it; empty: none.
std::string migration_of(const Json& object);
/// Of a ReplicaSet's pod: the hash of its template; empty: none.
std::string template_hash_of(const Json& pod);

inline constexpr const char* kImagePrefix = "localhost/ms2m/";
inline constexpr const char* kImageTag = ":ms2m-moved-";

inline constexpr const char* kIdLabel = "ms2m.io/id";
inline constexpr const char* kBaseNameAnnotation = "ms2m.io/base-name";
inline constexpr const char* kKickAnnotation = "ms2m.io/image-ready";
inline constexpr const char* kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
inline constexpr const char* kTemplateHash = "pod-template-hash";

}  // namespace ms2m
