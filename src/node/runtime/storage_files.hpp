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

struct ImageFiles {
  StoredImage image;     ///< its names without those of a digest, as podman lists them
  std::string manifest;  ///< of the image itself, where it was pulled by a list, too
};
/// An image by its name, by a name with a digest, or by '@' and its ID. nullopt: these files tell of none, or not all
/// of it, and only the store's tools know. Its list is replaced as a whole, so what a tool has ended is in it. Throws
/// Cancelled.
std::optional<ImageFiles> image_in_store(const std::string& system, const std::string& reference,
                                         const StopToken& stop);
/// Of an image's manifest: "sha256:..."; "" for one that names none (a list of manifests).
std::string config_digest(const std::string& manifest);
/// That an image's configuration names; "": none.
std::string user_of(const std::string& config);

/// What an import leads to, by the files of its layout.
struct BegunImport {
  std::string name, id, layer;  ///< the digests' hex
};
/// nullopt: it has not come so far that these files were all written.
std::optional<BegunImport> begun_import(const std::string& layout);
/// unpacking: a layer that is not whole, which whatever opens the store to write removes.
enum class HalfImported { nothing, unpacking, layer, nameless_image };
/// What the store has of it; nothing: also when the image has its name.
HalfImported half_imported(const std::string& system, const BegunImport& begun);

/// ID of the image that a container of CRI-O was made from; "".
std::string image_of_container(const std::string& system, const std::string& container_id);

/// Configuration, manifest, index.json and oci-layout, mode 0600, beside the layers in the layout's open directory.
void write_layout_files(int directory, const OciLayout& layout);
/// The same, in a directory of our own, where blobs/sha256 is made.
void write_layout_files(const std::string& directory, const OciLayout& layout);

}  // namespace ms2m::node
