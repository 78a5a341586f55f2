// Findings about how the source is made quiet: in which way, how long that takes, and what a freeze at work would need.
#include "plan/quieting.hpp"

#include <fmt/format.h>

#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

std::string words(const QuietForecast& forecast) {
  switch (forecast.way) {
    case QuietWay::command:
      return "by the command alone";
    case QuietWay::valve:
      return "behind the valve";
    case QuietWay::frozen_valve:
      return fmt::format("behind the valve, which closes while the source stands still for about {:.1f} s",
                         forecast.frozen.count());
  }
  return "";
}

std::string held_words(const QuietForecast& forecast, const MigrationRequest& request) {
  const std::string limits = fmt::format("(at most {} of {}: --max-held, --max-held-bytes)", request.max_held,
                                         size_words(request.max_held_bytes));
  if (!forecast.bytes)
    return fmt::format(
        "the broker holds about {} messages in its memory meanwhile, and does not say how large they are {}",
        forecast.held, limits);
  return fmt::format("the broker holds about {} messages of {} in its memory meanwhile {}", forecast.held,
                     size_words(*forecast.bytes), limits);
}

/// Work of a second for a quick consumer.
constexpr std::uint64_t kBurst = 1000;

/// It may come to its control queue by itself, when it has worked off what happens to wait now. Else the move is undone
/// before anything else than the command has reached the source.
bool passes(const Facts& facts, const MigrationRequest& request) {
  return request.protocol == Protocol::control && facts.depth->ready <= kBurst && !is_outrun(facts);
}

/// Without the control protocol: said by check_behind_valve().
void check_single_active(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (request.protocol == Protocol::none || !facts.queue || !is_single_active(*facts.queue)) return;
  refuse(out, "protocol",
         fmt::format("{} has a single active consumer, which does not look at its control queue while it has work: the "
                     "valve, which would keep the work from it, would never become the active one",
                     request.queue),
         "let the consumer subscribe to its control queue (ms2m-protocol(7)), or wait until fewer than 50 messages "
         "wait");
}

}  // namespace

void check_quieting(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const Course course = facts.procedure.course;
  if (course == Course::fanout || course == Course::sequential || !request.unresolved.empty()) return;
  if (!facts.depth || facts.depth->consumers == 0) return;  // said by check_broker()
  const QuietForecast forecast = forecast_quiet(facts, request);
  out.push_back({"quiet", Level::ok,
                 fmt::format("the source becomes quiet {}, in about {:.1f} s: {}", words(forecast),
                             forecast.time.count(), forecast.because),
                 ""});
  if (forecast.way == QuietWay::command) return;
  check_single_active(facts, request, out);
  if (const auto trouble = against_bytes(request, forecast.held, forecast.bytes))
    return refuse(out, "backlog", trouble->text, trouble->cure);
  out.push_back({"held", Level::ok, held_words(forecast, request), ""});
  if (forecast.way != QuietWay::frozen_valve) return;
  const auto trouble = against_frozen_valve(facts, request, facts.heartbeat, facts.depth->ready);
  if (!trouble) return;
  // One that has just connected is named within some seconds, and another one until then; it is asked for again.
  const bool comes = !facts.heartbeat && facts.admin_version;
  const bool light = comes || passes(facts, request);
  out.push_back({"backlog", light ? Level::warning : Level::refusal, trouble->text, trouble->cure});
}

}  // namespace ms2m
