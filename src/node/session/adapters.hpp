// The ports of node.hpp by the program on the node: each call is one request of it. Thread-safe; what they are given
// must outlive them. Names and paths are checked here as there, before anything is sent.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "ms2m/node.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

class SessionInspector final : public NodeInspector {
 public:
  explicit SessionInspector(SshNodes& nodes) : nodes_(nodes) {}
  NodeLook look(const std::string& node, const LookAt& at, const StopToken& stop) override;
  NodeTools tools(const std::string& node, const std::string& container_id, const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

class SessionArchives final : public CheckpointArchives {
 public:
  explicit SessionArchives(SshNodes& nodes) : nodes_(nodes) {}
  std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf& of, const StopToken& stop) override;
  std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of, const NewArchive& news,
                                    const StopToken& stop) override;
  /// Error{not_found} when there is no such file.
  void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

class SessionImages final : public ImageStore {
 public:
  explicit SessionImages(SshNodes& nodes) : nodes_(nodes) {}
  std::string probe(const std::string& node, const StopToken& stop) override;
  std::optional<StoredImage> find(const std::string& node, const std::string& name_or_id,
                                  const StopToken& stop) override;
  std::optional<std::vector<StoredImage>> list(const std::string& node, const StopToken& stop) override;
  std::string import_checkpoint(const std::string& node, const CheckpointImage& image, const StopToken& stop) override;
  /// Error{not_found} when the node has no image `id`.
  void point_name(const std::string& node, const std::string& name, const std::string& id,
                  const StopToken& stop) override;
  bool remove_name(const std::string& node, const std::string& name, const StopToken& stop) override;
  /// Error{conflict} when a container uses it.
  bool remove_image(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

class SessionProcesses final : public ContainerProcess {
 public:
  explicit SessionProcesses(SshNodes& nodes) : nodes_(nodes) {}
  bool freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
              const StopToken& stop) override;
  bool holds(const std::string& node, const std::string& container) const override;
  bool thaw(const std::string& node, const std::string& container, const StopToken& stop) override;
  bool kill(const std::string& node, const std::string& container, const StopToken& stop) override;
  void attend_checkpoint(const std::string& node, const std::string& container, bool over,
                         const StopToken& stop) override;
  bool mend_checkpoint(const std::string& node, const std::string& container, const StopToken& stop) override;

 private:
  void forget(const std::string& node, const std::string& container);
  SshNodes& nodes_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<node::Session>> frozen_in_;  ///< by node and container
};

}  // namespace ms2m
