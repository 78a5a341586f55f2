#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "image/image.hpp"
#include "image/name.hpp"

namespace kubelet {

// containers-storage (overlay driver) as Podman and skopeo keep it, read from its own files: they are replaced by
// rename, so no lock is needed, and a look-up takes less than a millisecond. Nothing is cached.
class ImageStore {
 public:
  explicit ImageStore(std::filesystem::path root = "/var/lib/containers/storage") : root_(std::move(root)) {}

  std::optional<Image> by_name(const ImageName& name) const;
  std::optional<Image> by_id(const std::string& id) const;
  // The lowerdir= option of an overlay mount over the image.
  std::string lower_dirs(const Image& image) const;
  // The one directory with a single-layer image's content.
  std::filesystem::path layer_dir(const Image& image) const { return root_ / "overlay" / image.top_layer / "diff"; }
  // As status.images of a Node.
  Json summary() const;
  const std::filesystem::path& root() const { return root_; }

 private:
  Json records() const;
  Image load(const Json& record) const;
  std::filesystem::path root_;
};

}  // namespace kubelet
