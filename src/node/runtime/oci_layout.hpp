// The few hundred bytes that make a checkpoint archive an OCI image.
//
// Source: OCI image-spec 1.0 (image-layout, manifest, config); the annotations: CRI-O's and containerd's restore
// (kube-facts.md, "Restore with CRI-O": an annotation of the *manifest*; a label of the config does not count).
#pragma once
#include <string>

#include "ms2m/node.hpp"

namespace ms2m::node {

struct OciLayout {
  std::string config;           ///< blobs/sha256/<config_digest>
  std::string config_digest;    ///< hex; the image's ID
  std::string manifest;         ///< blobs/sha256/<manifest_digest>
  std::string manifest_digest;  ///< hex
  std::string index;            ///< index.json
  std::string marker;           ///< oci-layout
};

inline constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kCrioAnnotation = "io.kubernetes.cri-o.annotations.checkpoint.name";
inline constexpr const char* kContainerdAnnotation = "org.criu.checkpoint.container.name";

/// One uncompressed layer: the archive itself. The same input gives the same bytes. Error{usage} for a bad digest.
OciLayout make_layout(const CheckpointImage& image);

/// An image without a layer; `salt` makes its ID its own.
OciLayout make_empty_layout(const std::string& salt);

}  // namespace ms2m::node
