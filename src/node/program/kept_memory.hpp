// What a side of a pre-copy knows of memory that was carried before.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "node/criu/memory.hpp"

namespace ms2m::node {

/// By the migration's ID, as long as the session lasts. Thread-safe.
class KeptMemory {
 public:
  struct Kept {
    Memory memory;
    std::string digest;  ///< of it
    int rounds = 0;      ///< that it took
  };
  /// nullptr: nothing.
  std::shared_ptr<const Kept> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : found->second;
  }
  void keep(const std::string& id, Kept kept) {
    auto shared = std::make_shared<const Kept>(std::move(kept));
    const std::lock_guard lock(mutex_);
    all_[id] = std::move(shared);
  }
  void drop(const std::string& id) {
    const std::lock_guard lock(mutex_);
    all_.erase(id);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Kept>> all_;
};

}  // namespace ms2m::node
