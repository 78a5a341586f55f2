// Connections with the programs on other nodes, or with a registry, each for one stream (passage_requests.hpp).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "node/program/channel.hpp"
#include "node/protocol/messages.hpp"
#include "wrap/tls/connection.hpp"

namespace ms2m::node {

/// Of a session, by their IDs. Thread-safe.
class Passages {
 public:
  PassageKey offer(const OfferPassage& request);
  PassageOpened open(const OpenPassage& request, Channel& channel);
  PassageEnd enter(const EnterPassage& request, const StopToken& stop);
  /// For one stream. Error{not_found}: this session has none.
  std::unique_ptr<tls::Stream> take(const std::string& id);
  /// False: there was none.
  bool drop(const std::string& id);

  /// Until it is taken. Error{refused}: there are too many.
  void keep(const std::string& id, std::unique_ptr<tls::Stream> connection);

 private:
  std::mutex mutex_;
  std::map<std::string, tls::Identity> offered_;
  std::map<std::string, std::unique_ptr<tls::Stream>> ready_;
};

}  // namespace ms2m::node
