// ImageStore for CRI-O (and Podman): containers-storage, through skopeo.
#pragma once
#include <string>

#include "ms2m/node.hpp"

namespace ms2m {

/// Needs skopeo on the node and nothing else. Where podman (or, to point a name, buildah) is there too, names are
/// changed through it, which leaves an image's manifest alone, and StoredImage::names is complete; with skopeo alone it
/// holds the name that was asked for. Nothing here ever pulls. Each call is one command on the node. Thread-safe.
///
/// Facts (skopeo 1.9 and 1.20, containers-storage): copying within the store keeps the ID and adds the name; `delete`
/// by name removes the whole image with all its names and refuses when a container uses it. So, with skopeo alone, a
/// name is taken away by giving it to an empty image, which is then deleted.
class SkopeoStore : public ImageStore {
 public:
  /// `shell` must outlive it.
  explicit SkopeoStore(NodeShell& shell, std::string layout_root = kLayoutRoot)
      : shell_(shell), layout_root_(std::move(layout_root)) {}

  std::string probe(const std::string& node, const StopToken& stop) override;
  std::optional<StoredImage> find(const std::string& node, const std::string& name_or_id,
                                  const StopToken& stop) override;
  std::optional<std::vector<StoredImage>> list(const std::string& node, const StopToken& stop) override;
  std::string import_checkpoint(const std::string& node, const CheckpointImage& image, const StopToken& stop) override;
  /// Error{not_found} when the node has no image `id`.
  void point_name(const std::string& node, const std::string& name, const std::string& id,
                  const StopToken& stop) override;
  /// An image that a container uses only loses the name. With skopeo alone, an image that is no checkpoint image also
  /// only loses the name, as its other names cannot be seen.
  bool remove_name(const std::string& node, const std::string& name, const StopToken& stop) override;
  /// Error{conflict} when a container uses it.
  bool remove_image(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) override;

 private:
  NodeShell& shell_;
  const std::string layout_root_;
};

}  // namespace ms2m
