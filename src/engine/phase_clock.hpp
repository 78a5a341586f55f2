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

  /// Does nothing when that phase runs already. Throws what the token says before another one begins.
  void enter(Phase phase, const StopToken& stop);
  /// For the phase that runs; the last one counts. Empty: nothing to note.
  void note(const std::string& text) {
    if (!text.empty()) note_ = text;
  }
  void finish(const std::string& note);

 private:
  Observer& observer_;
  std::vector<PhaseTiming>& timings_;
  std::optional<Phase> phase_;
  std::string note_;
  TimePoint begin_{};
};

}  // namespace ms2m
