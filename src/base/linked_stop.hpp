// A stop request of its own, which another one sets off as well.
#pragma once
#include <thread>

#include "ms2m/stop.hpp"

namespace ms2m {

/// The other one does so for as long as the object lives, and gives its deadline.
class LinkedStop {
 public:
  explicit LinkedStop(const StopToken& outer);
  ~LinkedStop();
  LinkedStop(const LinkedStop&) = delete;
  LinkedStop& operator=(const LinkedStop&) = delete;

  void request_stop() noexcept { own_.request_stop(); }
  StopToken token() const;

 private:
  const StopToken outer_;
  StopSource own_;
  StopSource over_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace ms2m
