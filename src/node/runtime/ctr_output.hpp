// What containerd's ctr prints of the images and containers of its CRI plugin. Pure.
//
// Facts (containerd 2.1.9): `images ls` is a table with the columns REF TYPE DIGEST SIZE PLATFORMS LABELS; DIGEST is
// that of a manifest, or of an index. The CRI plugin keeps each image under all of its names, among them
// "sha256:<config digest>", which is its ID. `containers info` is JSON; the CRI plugin's own record, JSON too, lies in
// Extensions["io.cri-containerd.container.metadata"].value in base64: its Metadata.ImageRef is the image's ID, and
// stays so when a tag moves on.
#pragma once
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m::node {

/// Of `ctr images ls`. Images without an ID are none of the kubelet's, and left out.
std::vector<StoredImage> images_of_ctr(const std::string& table);
/// Of `ctr containers info`; hex; "": it does not tell.
std::string image_of_ctr_container(const std::string& info);

}  // namespace ms2m::node
