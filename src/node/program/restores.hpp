// Restores by the runtime handler, as ms2m asks for them.
#pragma once
#include <string>

#include "node/program/containers.hpp"
#include "node/protocol/messages.hpp"
#include "node/restore/store.hpp"

namespace ms2m::node {

/// The semantics are those of the requests (messages.hpp). What is answered is on the disk, and holds for every
/// `create` from then on.
class Restores {
 public:
  explicit Restores(const std::string& root) : store_(root) {}

  Nothing prepare(const RestorePrepare& request) const;
  Nothing bind(const RestoreBind& request) const;
  Nothing ready(const RestoreReady& request) const;
  Nothing done(const std::string& id, Containers& containers, const StopToken& stop) const;
  Found take_back(const std::string& id, Containers& containers, const StopToken& stop) const;
  RestoreStatus watch(const RestoreWatch& request, const StopToken& stop) const;
  Found remove_data(const std::string& id) const;
  RestoreListing list() const;
  RestoreIds sweep() const;

 private:
  /// Error{not_found}.
  RestorePlace at(const std::string& id) const;
  const RestoreStore store_;
};

}  // namespace ms2m::node
