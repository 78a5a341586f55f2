// The words for an event, shared by the renderers for people.
#pragma once
#include <string>

#include "ms2m/event.hpp"

namespace ms2m::report {

/// The line of an event, without a newline; empty for those that have no line of their own (phase_started, progress).
std::string event_line(const Event& event);

/// Bytes, rate and time left of a transfer: feed it the progress events of one phase.
class TransferMeter {
 public:
  explicit TransferMeter(TimePoint start) : start_(start) {}
  /// "12.3 MiB of 20.0 MiB, 45.1 MiB/s, 1s left", and, if it travels so, ", compressed to 4.1 MiB"
  std::string describe(const Event& progress, TimePoint now) const;

 private:
  TimePoint start_;
};

}  // namespace ms2m::report
