// What of a migration may be changed while it runs.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m {

/// The engine opens and closes it; whoever speaks for the operator turns it meanwhile. Any thread.
class Dials {
 public:
  struct Wish {
    std::optional<Millis> downtime_limit{};
    std::optional<Bytes> bandwidth{};  ///< 0: no limit
  };
  struct Answer {
    bool done = false;
    std::string why{}, cure{};  ///< not done: nothing was changed
  };
  /// Called before a change holds; what it throws is why there is none.
  using Keep = std::function<void(const Wish& change)>;

  void open(const std::string& migration, const Wish& now, Keep keep);
  void close_downtime_limit(const std::string& why);
  void close_bandwidth(const std::string& why);
  /// Nothing can be changed any more; Keep is not called afterwards.
  void close(const std::string& why);

  /// All of the wish or nothing.
  Answer turn(const std::string& migration, const Wish& wish);

  Millis downtime_limit() const;
  std::optional<Bytes> bandwidth() const;  ///< nullopt: no limit

 private:
  mutable std::mutex mutex_;
  std::string migration_;
  Wish now_{};
  std::string no_downtime_limit_, no_bandwidth_;  ///< why not
  Keep keep_;
};

}  // namespace ms2m
