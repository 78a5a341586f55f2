// CRI-O (and Podman): containers-storage, through skopeo.
#pragma once
#include <string>

#include "node/runtime/runtime.hpp"
#include "node/runtime/tool.hpp"

namespace ms2m::node {

/// Needs skopeo on the node and nothing else. What the store's files tell is not asked of its tools, which take long to
/// begin; that something is not there is always the tools' answer. Where podman (or, to point a name, buildah) is there
/// too, names are changed through it, which leaves an image's manifest alone. Where the files do not tell and there is
/// no podman, StoredImage::names holds the name that was asked for. Nothing here ever pulls.
///
/// Facts (skopeo 1.9 and 1.20, containers-storage): copying within the store keeps the ID and adds the name; `delete`
/// by name removes the whole image with all its names and refuses when a container uses it. So, with skopeo alone, a
/// name is taken away by giving it to an empty image, which is then deleted.
class CrioRuntime : public NodeRuntime {
 public:
  explicit CrioRuntime(RuntimePlace place) : place_(std::move(place)) {}

  std::string base_image(const std::string& container_id) const override;
  std::string probe(const StopToken& stop) const override;
  std::optional<StoredImage> find(const std::string& reference, const StopToken& stop) const override;
  std::optional<std::vector<StoredImage>> list(const StopToken& stop) const override;
  std::string import_checkpoint(int layout, const CheckpointImage& image, const StopToken& stop) const override;
  void take_back_import(const std::string& directory, const StopToken& stop) const override;
  /// Error{not_found} when there is no image `id`.
  void point_name(const std::string& name, const std::string& id, const StopToken& stop) const override;
  /// An image that a container uses only loses the name. With skopeo alone, an image that is no checkpoint image also
  /// only loses the name, as its other names cannot be seen.
  bool remove_name(const std::string& name, const StopToken& stop) const override;
  /// Error{conflict} when a container uses it.
  bool remove_image(const std::string& id, const StopToken& stop) const override;

 private:
  /// The manifest; nullopt: there is no such image.
  std::optional<std::string> manifest(const std::string& reference, const std::string& doing,
                                      const StopToken& stop) const;
  posix::RunResult skopeo(const std::vector<std::string>& args, const StopToken& stop,
                          const Environment& environment = {}) const;
  struct Named {
    std::string id;
    std::size_t names = 0;
  };
  std::optional<Named> named(const std::string& reference, const StopToken& stop) const;
  void replace_and_remove(const std::string& name, const std::string& doing, const StopToken& stop) const;
  bool untag(const std::string& name, const StopToken& stop) const;
  const RuntimePlace place_;
};

}  // namespace ms2m::node
