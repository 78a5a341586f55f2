// containerd: its image store, looked at through its own ctr. Nothing is brought into it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/runtime/runtime.hpp"

namespace ms2m::node {

/// Looking needs ctr on the node, which comes with containerd, and changes nothing. What would change the store is
/// Error{refused}: restores on such a node are the runtime handler's.
class ContainerdRuntime : public NodeRuntime {
 public:
  explicit ContainerdRuntime(RuntimePlace place) : place_(std::move(place)) {}

  std::string base_image(const std::string& container_id) const override;
  std::string probe(const StopToken& stop) const override;
  std::optional<StoredImage> find(const std::string& reference, const StopToken& stop) const override;
  /// Whether one is a checkpoint is not looked for: StoredImage::checkpoint is false.
  std::optional<std::vector<StoredImage>> list(const StopToken& stop) const override;
  void take_back_import(const std::string&, const StopToken&) const override {}  // there is none
  std::string import_checkpoint(int layout, const CheckpointImage& image, const StopToken& stop) const override;
  void point_name(const std::string& name, const std::string& id, const StopToken& stop) const override;
  bool remove_name(const std::string& name, const StopToken& stop) const override;
  bool remove_image(const std::string& id, const StopToken& stop) const override;

 private:
  const RuntimePlace place_;
};

/// ID (hex) of the image that a container of the kubelet's was made from, also one whose process is only being made.
/// Error{failed}: ctr is not there, or does not tell; the message says what was asked.
std::string image_of_containerd(const std::string& system, const std::string& container_id, const StopToken& stop);

/// A task of the kubelet's that containerd has paused runs again, and containerd knows it. False: ctr is not there, or
/// did not do it.
bool resume_in_containerd(const std::string& system, const std::string& container_id, const StopToken& stop);

}  // namespace ms2m::node
