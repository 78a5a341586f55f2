// Carrier from node to node: the bytes go over a connection of the nodes' own, what is said of them over the sessions.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "carry/relay.hpp"

namespace ms2m {

/// Of moves that ask for Carriage::direct; the relay has the others, and those between nodes that do not reach each
/// other. The connection is TLS 1.3; each node makes a key for it, and knows the other by its certificate's
/// fingerprint, which comes over the sessions (passage_requests.hpp). Both ends' digests are compared here, as the
/// relay does it.
class Direct final : public Carrier {
 public:
  /// `addresses`: InternalIPs of a node. `port`: on which the target listens; 0: any. What it is given must outlive it.
  /// Thread-safe.
  Direct(SshNodes& nodes, NodeAddresses addresses, std::uint16_t port = 0)
      : nodes_(nodes), addresses_(std::move(addresses)), port_(port), relay_(nodes) {}

  Landing landing(const std::string& node, const std::string& id, Unpack as = Unpack::layout) const override {
    return relay_.landing(node, id, as);
  }
  /// A pair of nodes that do not reach each other is not tried again by this object.
  std::optional<std::string> obstacle(const std::string& from_node, const std::string& to_node,
                                      const StopToken& stop) override;
  /// A connection that breaks when the stream has begun is an error of the move.
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override;
  /// By the relay.
  Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                    const StopToken& stop) override {
    return relay_.bring_pages(request, open, progress, stop);
  }

 private:
  std::optional<std::string> open_passage(const std::string& from, const std::string& to, const std::string& id,
                                          const StopToken& stop);
  void drop_passage(const std::string& from, const std::string& to, const std::string& id, const StopToken& stop);
  void meet(const std::string& from, const std::string& to, const std::string& id, const StopToken& stop);
  std::optional<std::string> known_obstacle(const std::string& from, const std::string& to) const;

  SshNodes& nodes_;
  const NodeAddresses addresses_;
  const std::uint16_t port_;
  Relay relay_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::string> obstacles_;  ///< by from and to
};

}  // namespace ms2m
