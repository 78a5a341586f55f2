// How many messages waited, from what the broker is asked anyway.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ms2m/outcome.hpp"

namespace ms2m {

/// Any thread. Outside of a run nothing is kept.
class DepthLog {
 public:
  void begin(TimePoint begin, std::vector<std::string> queues);
  /// What was heard of a queue. The first, the last, and between them no more than a hundred of each are kept.
  void heard(const std::string& queue, std::uint64_t ready, TimePoint now = Clock::now());
  std::vector<DepthSample> end();

 private:
  struct Queue {
    std::vector<DepthSample> kept;
    DepthSample last;
    Seconds every{0.1};
  };

  std::mutex mutex_;
  TimePoint begin_;
  std::map<std::string, Queue> queues_;
};

}  // namespace ms2m
