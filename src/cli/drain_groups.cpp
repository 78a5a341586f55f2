#include "cli/drain_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "kube/objects/controllers.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

using report::Drained;

constexpr Millis kLimit{30000};

struct Tied {
  std::set<std::string> ties;
  DrainGroup rows;
};

std::vector<DisruptionBudget> budgets_in(const Context& context, Cluster& cluster, const std::string& ns) {
  std::vector<DisruptionBudget> all;
  try {
    for (const Json& object : cluster.list(Kind::pod_disruption_budget, ns, "", "", context.stop.within(kLimit)))
      all.push_back(parse_budget(object));
  } catch (const Error& error) {
    warn(context, fmt::format("which pods in namespace {} share a budget is not known: {}", ns, error.what()),
         error.remedy());
  }
  return all;
}

std::set<std::string> ties_of(const Json& pod, const Drained& row, const std::vector<DisruptionBudget>& budgets) {
  std::set<std::string> ties{"queue " + row.queue};
  if (const auto owner = controller_of(pod)) ties.insert("owner " + owner->uid);
  for (const DisruptionBudget& budget : budgets)
    if (guards(budget, pod)) ties.insert("budget " + row.ns + "/" + budget.name);
  return ties;
}

/// Takes whatever shares a tie with it out of `groups`.
void join(Tied& tied, std::vector<Tied>& groups) {
  std::erase_if(groups, [&tied](const Tied& group) {
    if (std::none_of(group.ties.begin(), group.ties.end(),
                     [&tied](const std::string& tie) { return tied.ties.count(tie) != 0; }))
      return false;
    tied.ties.insert(group.ties.begin(), group.ties.end());
    tied.rows.insert(tied.rows.end(), group.rows.begin(), group.rows.end());
    return true;
  });
}

Seconds time_of(const DrainGroup& group) {
  Seconds sum{0};
  for (const Drained* row : group) sum += row->predicted;
  return sum;
}

}  // namespace

std::vector<DrainGroup> drain_groups(const Context& context, Cluster& cluster, const std::vector<Json>& pods,
                                     std::vector<Drained>& rows) {
  std::map<std::string, std::vector<DisruptionBudget>> budgets;
  std::vector<Tied> tied;
  for (std::size_t n = 0; n < pods.size(); ++n) {
    Drained& row = rows[n];
    if (row.is != Drained::Is::not_begun) continue;
    if (budgets.count(row.ns) == 0) budgets[row.ns] = budgets_in(context, cluster, row.ns);
    Tied one{ties_of(pods[n], row, budgets[row.ns]), {}};
    join(one, tied);
    one.rows.push_back(&row);
    tied.push_back(std::move(one));
  }
  std::vector<DrainGroup> groups;
  for (Tied& each : tied) groups.push_back(std::move(each.rows));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const DrainGroup& a, const DrainGroup& b) { return time_of(a) > time_of(b); });
  return groups;
}

}  // namespace ms2m::cli
