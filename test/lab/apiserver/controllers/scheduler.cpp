#include "controllers/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "controllers/pods.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& pod_type() { return type_of("pods"); }
const WorkKey kEverything{"", ""};

bool waits_for_node(const Json& pod) {
  return text(pod, {"spec", "nodeName"}).empty() && is_active(pod) && at(pod, {"spec", "schedulingGates"}).empty() &&
         text(pod, {"spec", "schedulerName"}) == "default-scheduler";
}

Json scheduled_condition(bool value) {
  return {{"type", "PodScheduled"},
          {"status", value ? "True" : "False"},
          {"lastProbeTime", nullptr},
          {"lastTransitionTime", rfc3339_now()}};
}
}  // namespace

void Scheduler::observe(const Event& event) {
  if (event.type == &type_of("nodes")) enqueue(kEverything);
  // A pod that goes makes room; one that comes wants some.
  if (event.type == &pod_type() && (event.kind == EventType::kDeleted || waits_for_node(*event.object)))
    enqueue(kEverything);
}

void Scheduler::sync(const WorkKey&) {
  for (const ObjectPtr& pod : store_.list(pod_type()).items)
    if (waits_for_node(*pod)) place(*pod);
}

void Scheduler::place(const Json& pod) {
  const auto nodes = store_.list(type_of("nodes")).items;
  const auto pods = store_.list(pod_type()).items;
  std::map<std::string, int> reasons;
  std::string best;
  std::ptrdiff_t fewest = 0;
  for (const ObjectPtr& node : nodes) {
    const std::string why = reason_not_to_run(store_, pod, *node);
    if (!why.empty()) {
      ++reasons[why];
      continue;
    }
    const auto load = std::ranges::count_if(pods, [&](const ObjectPtr& other) {
      return text(*other, {"spec", "nodeName"}) == name_of(*node);
    });
    if (best.empty() || load < fewest) {
      best = name_of(*node);
      fewest = load;
    }
  }
  if (best.empty()) {
    std::string list;
    for (const auto& [why, count] : reasons) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, why);
    report_unschedulable(pod, nodes.empty() ? "no nodes available to schedule pods"
                                            : fmt::format("0/{} nodes are available: {}.", nodes.size(), list));
    return;
  }
  store_.update(pod_type(), namespace_of(pod), name_of(pod), [&](Json& object) {
    object["spec"]["nodeName"] = best;
    set_condition(object["status"]["conditions"], scheduled_condition(true));
    for (Json& condition : object["status"]["conditions"])
      if (condition["type"] == "PodScheduled") {
        condition.erase("reason");
        condition.erase("message");
      }
  });
  record_event(store_, pod_type(), pod, "Normal", "Scheduled",
               fmt::format("Successfully assigned {}/{} to {}", namespace_of(pod), name_of(pod), best),
               "default-scheduler");
}

void Scheduler::report_unschedulable(const Json& pod, const std::string& why) {
  const ObjectPtr after = store_.update(pod_type(), namespace_of(pod), name_of(pod), [&](Json& object) {
    Json condition = scheduled_condition(false);
    condition["reason"] = "Unschedulable";
    condition["message"] = why;
    set_condition(object["status"]["conditions"], condition);
  });
  if (text(*after, {"metadata", "resourceVersion"}) == text(pod, {"metadata", "resourceVersion"})) return;
  record_event(store_, pod_type(), pod, "Warning", "FailedScheduling", why, "default-scheduler");
}

}  // namespace ms2m::lab
