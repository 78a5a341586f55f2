// The files that are read and written for containers-storage without its tools.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node.hpp"
#include "node/runtime/oci_layout.hpp"

namespace ms2m::node {

/// The store's directory: the last storage.conf's graphroot, else /var/lib/containers/storage. `system` goes before
/// what is found by its usual name.
std::string store_directory(const std::string& system);
/// From the store's own list; nullopt: it cannot be read. Throws Cancelled.
std::optional<std::vector<StoredImage>> images_in_store(const std::string& system, const StopToken& stop);
/// ID of the image that a container of CRI-O was made from; "".
std::string image_of_container(const std::string& system, const std::string& container_id);

/// Configuration, manifest, index.json and oci-layout, mode 0600, beside the layers in the layout's open directory.
void write_layout_files(int directory, const OciLayout& layout);
/// The same, in a directory of our own, where blobs/sha256 is made.
void write_layout_files(const std::string& directory, const OciLayout& layout);

}  // namespace ms2m::node
