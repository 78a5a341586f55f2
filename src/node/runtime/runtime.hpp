// What a node's container runtime keeps where, and how images come into its store, get names and go.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m::node {

struct RuntimePlace {
  std::string node;    ///< its name, for messages
  std::string system;  ///< before /etc, /usr and /var/lib/containers
};

/// Thread-safe. Names, IDs and directories are checked by the caller (protocol/checks.hpp); IDs are without "sha256:".
/// Whatever takes long ends with `stop`: Cancelled. Error{failed} with what the runtime's tool said.
class NodeRuntime {
 public:
  virtual ~NodeRuntime() = default;

  /// ID of the image that a container was made from; "" when it cannot be told.
  virtual std::string base_image(const std::string& container_id) const = 0;

  // The semantics are ImageStore's.
  virtual std::string probe(const StopToken& stop) const = 0;
  /// `reference`: a name, or "@<id>".
  virtual std::optional<StoredImage> find(const std::string& reference, const StopToken& stop) const = 0;
  virtual std::optional<std::vector<StoredImage>> list(const StopToken& stop) const = 0;
  /// `layout`: the directory of image.directory, open. The caller removes it afterwards.
  virtual std::string import_checkpoint(int layout, const CheckpointImage& image, const StopToken& stop) const = 0;
  /// Of an import from that layout that has ended in the middle: what it has left in the store goes. Nothing when there
  /// was none, and when it came so far that the image has its name.
  virtual void take_back_import(const std::string& directory, const StopToken& stop) const = 0;
  virtual void point_name(const std::string& name, const std::string& id, const StopToken& stop) const = 0;
  virtual bool remove_name(const std::string& name, const StopToken& stop) const = 0;
  virtual bool remove_image(const std::string& id, const StopToken& stop) const = 0;
};

}  // namespace ms2m::node
