// Exchanges with an OCI registry (registry_requests.hpp).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "node/program/passages.hpp"
#include "node/protocol/registry_requests.hpp"

namespace ms2m::node {

/// Of a session. Thread-safe.
class RegistryExchanges {
 public:
  /// By the passages' IDs; whoever writes one may live longer than this.
  struct Answers {
    std::mutex mutex;
    std::map<std::string, RegistryAnswer> all;
  };
  /// What is to go through a passage is kept in `passages`.
  RegistryAnswer exchange(const RegistryExchange& request, Passages& passages, const StopToken& stop);
  RegistryAnswer sent(const RegistrySent& request);

 private:
  RegistryAnswer open_upload(const RegistryExchange& request, Passages& passages, const StopToken& stop);
  RegistryAnswer open_download(const RegistryExchange& request, Passages& passages, const StopToken& stop);
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace ms2m::node
