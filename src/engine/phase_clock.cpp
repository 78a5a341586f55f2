#include "engine/phase_clock.hpp"

#include <utility>

namespace ms2m {

void PhaseClock::enter(Phase phase, const StopToken& stop) {
  if (phase_ == phase) return;
  finish(std::exchange(note_, ""));
  stop.check(to_string(phase));
  phase_ = phase;
  begin_ = Clock::now();
  Event event;
  event.type = Event::Type::phase_started;
  event.phase = phase;
  observer_.on(event);
}

void PhaseClock::finish(const std::string& note) {
  if (!phase_) return;
  Event event;
  event.type = Event::Type::phase_finished;
  event.phase = *std::exchange(phase_, std::nullopt);
  event.elapsed = Clock::now() - begin_;
  event.text = note;
  timings_.push_back({event.phase, event.elapsed, note});
  observer_.on(event);
}

}  // namespace ms2m
