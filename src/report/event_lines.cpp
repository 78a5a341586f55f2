#include "report/event_lines.hpp"

#include <fmt/format.h>

#include "report/units.hpp"

namespace ms2m::report {

std::string event_line(const Event& event) {
  const std::string text = printable(event.text);
  switch (event.type) {
    case Event::Type::phase_started:
    case Event::Type::progress:
      return {};
    case Event::Type::phase_finished:
      return fmt::format("{} {:>7}{}", pad(to_string(event.phase), 14), duration(event.elapsed),
                         text.empty() ? "" : "  " + text);
    case Event::Type::step:
    case Event::Type::detail:
      return "  " + text;
    case Event::Type::note:
    case Event::Type::hook:
      return text;
    case Event::Type::warning:
      return "warning: " + text + (event.remedy.empty() ? "" : " (" + printable(event.remedy) + ")");
    case Event::Type::undo:
      return (event.ok ? "undone: " : "NOT undone: ") + text;
  }
  return {};
}

std::string TransferMeter::describe(const Event& progress, TimePoint now) const {
  std::string text = size(progress.done);
  if (progress.total) text += " of " + size(*progress.total);
  const double elapsed = seconds_between(start_, now);
  if (elapsed < 0.05 || progress.done.count == 0) return text;  // too early for a rate that means something
  const double rate = static_cast<double>(progress.done.count) / elapsed;
  text += ", " + byte_rate(rate);
  if (progress.total && progress.total->count > progress.done.count)
    text += ", " + duration(Seconds(static_cast<double>(progress.total->count - progress.done.count) / rate)) + " left";
  if (progress.travelled && *progress.travelled < progress.done) text += ", compressed to " + size(*progress.travelled);
  return text;
}

}  // namespace ms2m::report
