// Carrier through an OCI registry: the source's node pushes, the target's pulls, and ms2m says what.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "carry/registry_client.hpp"
#include "ms2m/registry.hpp"

namespace ms2m {

/// Of moves that ask for Carriage::registry between two nodes; `others` has the others. A checkpoint, or whatever of it
/// a round carries, is the one layer of an OCI image, which is sent while it is read, in one upload, and pulled by its
/// digest. Neither node nor this process has a copy of it on its way; both ends' digests are compared here, as the
/// relay does it. Of a move whose round is not the last, nothing stays in the registry.
class ThroughRegistry final : public Carrier, public Registry {
 public:
  /// `client`: none without a registry. What it is given must outlive it. Thread-safe.
  ThroughRegistry(SshNodes& nodes, Carrier& others, std::unique_ptr<RegistryClient> client)
      : nodes_(nodes), others_(others), client_(std::move(client)) {}

  Landing landing(const std::string& node, const std::string& id, Unpack as = Unpack::layout) const override {
    return others_.landing(node, id, as);
  }
  std::optional<std::string> obstacle(const std::string& from_node, const std::string& to_node,
                                      const StopToken& stop) override {
    return others_.obstacle(from_node, to_node, stop);
  }
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override;
  /// By the others: what is asked for page by page is no layer.
  Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                    const StopToken& stop) override {
    return others_.bring_pages(request, open, progress, stop);
  }

  std::string name(const std::string& id) const override;
  RegistryLook look(const std::string& node, RegistryUse use, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& name, const StopToken& stop) override;

 private:
  /// Error{usage}: there is no registry.
  RegistryClient& client() const;
  void note(const std::string& name, bool described);

  SshNodes& nodes_;
  Carrier& others_;
  const std::unique_ptr<RegistryClient> client_;
  std::mutex mutex_;
  /// By names of moves of this object: whether a manifest may have come there. Where none has, nobody needs to be
  /// asked: a registry that has gone is no reason to leave something open.
  std::map<std::string, bool> described_;
};

}  // namespace ms2m
