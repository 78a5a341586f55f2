#include "pod/status.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "runtime/quantity.hpp"

namespace kubelet {
namespace {

Json state_of(const Slot& slot, const std::map<std::string, fs::path>& logs) {
  if (slot.running()) return {{"running", {{"startedAt", rfc3339(slot.container->started_at())}}}};
  if (slot.exited() && slot.waiting_reason.empty())
    return {{"terminated", terminated_state(*slot.container, logs.at(slot.name()))}};
  Json waiting = {{"reason", slot.waiting_reason}};
  if (!slot.waiting_message.empty()) waiting["message"] = slot.waiting_message;
  return {{"waiting", waiting}};
}

Json volume_mounts(const Json& spec) {
  Json list = Json::array();
  for (const Json& mount : list_at(spec, "volumeMounts")) {
    Json entry = {{"name", string_at(mount, "name")}, {"mountPath", string_at(mount, "mountPath")}};
    if (bool_at(mount, "readOnly", false)) entry["readOnly"] = true, entry["recursiveReadOnly"] = "Disabled";
    list.push_back(entry);
  }
  return list;
}

Json container_status(const Slot& slot, const std::map<std::string, fs::path>& logs) {
  const bool alive = slot.running();
  const bool known = slot.container && slot.container->pid() > 0;
  Json status = {{"name", slot.name()},
                 {"state", state_of(slot, logs)},
                 {"lastState", slot.last_terminated ? Json({{"terminated", *slot.last_terminated}}) : Json::object()},
                 {"ready", alive ? slot.ready.load()
                                 : slot.role == Role::kInit && slot.exited() && slot.container->exit()->code == 0},
                 {"restartCount", slot.restart_count},
                 {"image", slot.image_name.empty() ? string_at(slot.spec, "image") : slot.image_name},
                 {"imageID", known ? slot.container->plan().image.id_for_status() : ""},
                 {"started", alive && slot.started}};
  if (known) {
    status["containerID"] = slot.container->full_id();
    const User& user = slot.container->user();
    status["user"] = {{"linux", {{"uid", user.uid}, {"gid", user.gid}, {"supplementalGroups", user.groups}}}};
    const Json& wanted = at_or_null(slot.spec, "resources");
    status["resources"] = wanted.is_object() ? wanted : Json::object();
    if (wanted.contains("requests")) status["allocatedResources"] = wanted["requests"];
  }
  if (const Json mounts = volume_mounts(slot.spec); !mounts.empty()) status["volumeMounts"] = mounts;
  return status;
}

std::string names_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
  return "[" + out + "]";
}

struct Summary {
  std::vector<std::string> unready, incomplete;
  bool any_ran = false, any_running = false, any_waiting = false, any_failed = false, all_done = true;
};

Summary summarize(const StatusInput& input) {
  Summary sum;
  for (const auto& slot : input.slots) {
    if (slot->role != Role::kApp) {
      const bool complete =
          slot->role == Role::kInit ? slot->exited() && slot->container->exit()->code == 0 : slot->started.load();
      if (!complete) sum.incomplete.push_back(slot->name());
      continue;
    }
    const bool ended = slot->exited() && slot->waiting_reason.empty();
    if (!slot->running() || !slot->ready) sum.unready.push_back(slot->name());
    sum.any_running = sum.any_running || slot->running();
    sum.any_ran = sum.any_ran || slot->running() || slot->exited() || slot->last_terminated;
    sum.any_waiting = sum.any_waiting || (!slot->running() && !ended);
    sum.any_failed = sum.any_failed || (ended && slot->container->exit()->code != 0);
    sum.all_done = sum.all_done && ended;
  }
  return sum;
}

std::string phase_of(const StatusInput& input, const Summary& sum) {
  const std::string policy = string_at(at_or_null(input.pod, "spec"), "restartPolicy", "Always");
  if (!input.initialized && !input.terminating) return "Pending";
  const bool final_state =
      sum.all_done && (input.terminating || policy == "Never" || (policy == "OnFailure" && !sum.any_failed));
  if (final_state || (input.terminating && !sum.any_running))
    return sum.any_failed || sum.any_waiting ? "Failed" : "Succeeded";
  if (sum.any_waiting && !sum.any_ran) return "Pending";
  return sum.any_ran || sum.any_running ? "Running" : "Pending";
}

Json pod_resources(const Json& pod, Json& allocated) {
  const Json& containers = list_at(at_or_null(pod, "spec"), "containers");
  if (containers.size() != 1) return Json::object();
  const Json& wanted = at_or_null(containers[0], "resources");
  allocated = at_or_null(wanted, "requests");
  return wanted.is_object() ? wanted : Json::object();
}

}  // namespace

std::string qos_class(const Json& pod) {
  bool any = false, guaranteed = true;
  for (const Json& container : list_at(at_or_null(pod, "spec"), "containers")) {
    const Json& resources = at_or_null(container, "resources");
    for (const char* kind : {"cpu", "memory"}) {
      const std::string limit = string_at(at_or_null(resources, "limits"), kind);
      const std::string request = string_at(at_or_null(resources, "requests"), kind, limit);
      any = any || !limit.empty() || !request.empty();
      guaranteed = guaranteed && !limit.empty() && limit == request;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

Resources resources_of(const Json& container, const std::string& qos) {
  const Json& limits = at_or_null(at_or_null(container, "resources"), "limits");
  const Json& requests = at_or_null(at_or_null(container, "resources"), "requests");
  Resources out;
  out.memory_bytes = bytes_of(string_at(limits, "memory", "0"));
  out.cpu_quota_us = milli_cpus(string_at(limits, "cpu", "0")) * 100;
  out.cpu_shares = std::max(2L, milli_cpus(string_at(requests, "cpu", string_at(limits, "cpu", "0"))) * 1024 / 1000);
  // The lab may lack CAP_SYS_RESOURCE, without which no score can be lowered again: never below 0.
  out.oom_score_adj = qos == "Guaranteed" ? 0 : qos == "Burstable" ? 990 : 1000;
  return out;
}

Json not_begun(const std::string& container, const std::string& message) {
  return {{"containerID", container},         {"exitCode", 128},
          {"reason", "StartError"},           {"message", message},
          {"startedAt", rfc3339(WallTime{})}, {"finishedAt", rfc3339(wall_now())}};
}

Json terminated_state(const Container& container, const fs::path& termination_log) {
  const ContainerExit exit = container.exit().value_or(ContainerExit{});
  Json state = {{"exitCode", exit.code},
                {"reason", exit.out_of_memory ? "OOMKilled"
                           : exit.code == 0   ? "Completed"
                                              : "Error"},
                {"startedAt", rfc3339(container.started_at())},
                {"finishedAt", rfc3339(exit.at)},
                {"containerID", container.full_id()}};
  const std::string message = read_file(termination_log).value_or("").substr(0, 4096);
  if (!message.empty()) state["message"] = message;
  return state;
}

Json StatusBuilder::condition(const Json& pod, const std::string& type, bool value, const std::string& reason,
                              const std::string& message) {
  const std::string status = value ? "True" : "False";
  const Json& before = at_or_null(previous_, type.c_str());
  const std::string time =
      string_at(before, "status") == status ? string_at(before, "lastTransitionTime") : rfc3339(wall_now());
  Json out = {{"type", type},
              {"status", status},
              {"lastProbeTime", nullptr},
              {"lastTransitionTime", time},
              {"observedGeneration", long_at(at_or_null(pod, "metadata"), "generation", 1)}};
  if (!reason.empty()) out["reason"] = reason;
  if (!message.empty()) out["message"] = message;
  previous_[type] = out;
  return out;
}

Json StatusBuilder::build(const StatusInput& input) {
  const Summary sum = summarize(input);
  const std::string phase = phase_of(input, sum);
  const bool over = phase == "Succeeded" || phase == "Failed";
  const bool ready = input.initialized && sum.unready.empty() && !over;
  const std::string unready_reason = ready                  ? ""
                                     : phase == "Succeeded" ? "PodCompleted"
                                     : over                 ? "PodFailed"
                                                            : "ContainersNotReady";
  const std::string unready_message = ready || over ? "" : "containers with unready status: " + names_of(sum.unready);
  const bool initialized = input.initialized || over;
  Json conditions = Json::array();
  conditions.push_back(condition(input.pod, "PodReadyToStartContainers", input.sandbox_ready && !input.terminating));
  conditions.push_back(condition(input.pod, "Initialized", initialized,
                                 !initialized           ? "ContainersNotInitialized"
                                 : phase == "Succeeded" ? "PodCompleted"
                                                        : "",
                                 initialized ? "" : "containers with incomplete status: " + names_of(sum.incomplete)));
  conditions.push_back(condition(input.pod, "Ready", ready, unready_reason, unready_message));
  conditions.push_back(condition(input.pod, "ContainersReady", ready, unready_reason, unready_message));
  conditions.push_back(condition(input.pod, "PodScheduled", true));

  Json containers = Json::array(), inits = Json::array();
  for (const auto& slot : input.slots)
    (slot->role == Role::kApp ? containers : inits).push_back(container_status(*slot, input.termination_logs));
  Json allocated;
  Json status = {{"observedGeneration", long_at(at_or_null(input.pod, "metadata"), "generation", 1)},
                 {"phase", phase},
                 {"conditions", conditions},
                 {"hostIP", input.host_ip},
                 {"hostIPs", {{{"ip", input.host_ip}}}},
                 {"startTime", input.start_time},
                 {"containerStatuses", containers},
                 {"qosClass", qos_class(input.pod)},
                 {"resources", pod_resources(input.pod, allocated)}};
  if (allocated.is_object()) status["allocatedResources"] = allocated;
  if (!inits.empty()) status["initContainerStatuses"] = inits;
  if (!input.pod_ip.empty()) {
    status["podIP"] = input.pod_ip;
    status["podIPs"] = {{{"ip", input.pod_ip}}};
  }
  return status;
}

}  // namespace kubelet
