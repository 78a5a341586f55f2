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
  if (forecast.way != QuietWay::frozen_valve) return;
  const auto trouble = against_frozen_valve(facts, request, facts.heartbeat, facts.depth->ready);
  if (!trouble) return;
  // One that has just connected is named within some seconds; it is asked for again.
  const bool comes = !facts.heartbeat && facts.admin_version && facts.queue && facts.queue->consumers.empty();
  out.push_back({"backlog", comes ? Level::warning : Level::refusal, trouble->text, trouble->cure});
}

}  // namespace ms2m
