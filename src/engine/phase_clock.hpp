// Which phase runs, and how long each took.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Emits phase_started and phase_finished, and records the times, also of the phase that an exception ends.
class PhaseClock {
 public:
  PhaseClock(Observer& observer, std::vector<PhaseTiming>& timings) : observer_(observer), timings_(timings) {}
  ~PhaseClock() { finish(""); }
  PhaseClock(const PhaseClock&) = delete;
  PhaseClock& operator=(const PhaseClock&) = delete;

  /// Does nothing when that phase runs already. `note`: for the phase that ends. Throws what the token says before
  /// another one begins.
  void enter(Phase phase, std::string& note, const StopToken& stop);
  void finish(const std::string& note);

 private:
  Observer& observer_;
  std::vector<PhaseTiming>& timings_;
  std::optional<Phase> phase_;
  TimePoint begin_{};
};

}  // namespace ms2m
