// Renderers of progress: they turn Events into lines as they happen. All of them lock for themselves and never throw.
#pragma once
#include <functional>
#include <memory>
#include <ostream>

#include "ms2m/event.hpp"

namespace ms2m::report {

using Now = std::function<TimePoint()>;

struct ProgressOptions {
  bool verbose = false;      ///< steps on a terminal too, and the time since the start before every line
  std::size_t columns = 80;  ///< of the terminal
  Now now = [] { return Clock::now(); };
};

/// For a terminal: one line per finished phase; below it the phase in hand, redrawn in place with bytes, rate and ETA.
std::unique_ptr<Observer> make_tty_progress(std::ostream& out, ProgressOptions options);
/// For a file or a pipe: one line per phase and step, no control characters.
std::unique_ptr<Observer> make_plain_progress(std::ostream& out, ProgressOptions options);
/// One JSON object per event and line. See ms2m(1), JSON OUTPUT.
std::unique_ptr<Observer> make_json_progress(std::ostream& out, ProgressOptions options);
/// Warnings and failed undo entries only.
std::unique_ptr<Observer> make_quiet_progress(std::ostream& out);

}  // namespace ms2m::report
