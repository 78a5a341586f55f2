// Work that goes on beside whoever began it, for as long as the object lives.
#pragma once
#include <atomic>
#include <exception>
#include <functional>
#include <thread>

#include "ms2m/stop.hpp"

namespace ms2m {

/// The destructor ends the work by its token and waits for it; the token has a deadline a day away, because a port
/// takes one of its own where there is none. One thread asks.
class Aside {
 public:
  using Work = std::function<void(const StopToken& stop)>;
  explicit Aside(Work work);
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  bool ended() const noexcept { return ended_; }
  /// Throws what the work has thrown, but for a Cancelled.
  void check() const;

 private:
  StopSource over_;
  std::exception_ptr failure_;  // written before `ended_` is
  std::atomic<bool> ended_{false};
  std::thread thread_;  // last: it uses the others
};

}  // namespace ms2m
