// Failures on order, for tests of clients: POST /lab/faults (only with --faults, only for who may use that path).
//
// Body: {"verb": REGEX, "path": REGEX, "count": N, "action": A, "code": C, "delay_ms": D}
//   A = "status"      answer C (429, 500, 503, 409, 410, …) without doing anything
//       "drop"        close the connection without doing anything
//       "drop-after"  do it, then close the connection instead of answering
//       "delay"       wait D milliseconds, then go on
//       "close-watches"   end every open watch whose path matches, now
//       "expire-watches"  the same with an ERROR event 410, and forget the past
// DELETE /lab/faults forgets all of them; GET lists what is left.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <regex>
#include <vector>

#include "call.hpp"

namespace ms2m::lab {

enum class WatchFault { kNone, kClose, kExpire };

class Faults {
 public:
  struct Rule {
    Json spec;
    std::regex verb;
    std::regex path;
    int left = 0;
    std::string action;
    int code = 0;
    int delay_ms = 0;
  };

  // Takes one use of the first rule that fits.
  std::optional<Rule> take(const Call& call);
  void add(const Json& spec);  // throws BadRequest
  void clear();
  Json list() const;

  // A watch remembers epoch() when it starts and asks what has happened to it since.
  std::uint64_t epoch() const { return epoch_; }
  WatchFault watch_fault(std::uint64_t since, const std::string& path) const;

 private:
  struct WatchEnd {
    std::uint64_t epoch;
    std::regex path;
    WatchFault fault;
  };
  mutable std::mutex mutex_;
  std::vector<Rule> rules_;
  std::vector<WatchEnd> watch_ends_;
  std::atomic<std::uint64_t> epoch_ = 0;
};

// The Status that the API server gives with such a code.
ApiError fault_status(int code);

}  // namespace ms2m::lab
