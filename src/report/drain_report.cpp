#include "report/drain_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/or_null.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

std::string or_dash(const std::optional<Seconds>& time) { return time ? duration(*time) : "-"; }

std::string total_of(const Drained& pod) {
  return pod.is == Drained::Is::would_move ? "about " + duration(pod.predicted) : or_dash(pod.total);
}

}  // namespace

const char* to_string(Drained::Is is) noexcept {
  switch (is) {
    case Drained::Is::stays:
      return "stays";
    case Drained::Is::refused:
      return "refused";
    case Drained::Is::would_move:
      return "would move";
    case Drained::Is::not_begun:
      return "not begun";
    case Drained::Is::moved:
      return "moved";
    case Drained::Is::failed:
      return "failed";
  }
  return "";
}

std::string drain_text(const Drain& drain) {
  const auto is = [](Drained::Is what) { return [what](const Drained& pod) { return pod.is == what; }; };
  std::vector<std::vector<std::string>> rows{{"POD", "RESULT", "TO", "QUEUE", "TOTAL", "GAP"}};
  for (const Drained& pod : drain.pods)
    if (pod.is != Drained::Is::stays)
      rows.push_back(
          {pod.ns + "/" + pod.pod, to_string(pod.is), pod.target_node, pod.queue, total_of(pod), or_dash(pod.gap)});
  std::string text;
  if (rows.size() == 1)
    text = printable(fmt::format("No pod on node {}{} is one that ms2m moves.", drain.node,
                                 drain.ns.empty() ? "" : " in namespace " + drain.ns)) +
           "\n";
  if (rows.size() > 1) text = table(std::move(rows));
  for (const Drained& pod : drain.pods) {
    if (pod.why.empty()) continue;
    text += printable(fmt::format("{}/{}: {}: {}", pod.ns, pod.pod, to_string(pod.is), pod.why)) + "\n";
    if (!pod.remedy.empty()) text += "  " + printable(pod.remedy) + "\n";
  }
  const auto moved = std::count_if(drain.pods.begin(), drain.pods.end(), is(Drained::Is::moved));
  if (!drain.dry_run)
    text += fmt::format("{} moved in {}; node {} {} cordoned\n", moved, duration(drain.wall), printable(drain.node),
                        !drain.cordoned   ? "may be"
                        : *drain.cordoned ? "is"
                                          : "is not");
  return text;
}

Json drain_json(const Drain& drain, int status) {
  Json items = Json::array();
  for (const Drained& pod : drain.pods)
    items.push_back({{"namespace", pod.ns},
                     {"pod", pod.pod},
                     {"result", to_string(pod.is)},
                     {"queue", or_null(pod.queue)},
                     {"target_node", or_null(pod.target_node)},
                     {"id", or_null(pod.migration)},
                     {"predicted_s", pod.predicted.count() > 0 ? seconds_json(pod.predicted) : Json()},
                     {"total_s", or_null(pod.total)},
                     {"gap_s", or_null(pod.gap)},
                     {"why", or_null(pod.why)},
                     {"remedy", or_null(pod.remedy)}});
  return {{"schema", kSchema},
          {"kind", "drain"},
          {"node", drain.node},
          {"cordoned", or_null(drain.cordoned)},
          {"dry_run", drain.dry_run},
          {"exit_status", status},
          {"wall_s", seconds_json(drain.wall)},
          {"items", items}};
}

}  // namespace ms2m::report
