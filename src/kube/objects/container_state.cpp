#include "kube/objects/container_state.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/fields.hpp"

namespace ms2m {
namespace {

const Json* status_of(const Json& pod, const std::string& container) {
  for (const Json& each : array_at(object_at(pod, "status"), "containerStatuses"))
    if (text_at(each, "name") == container) return &each;
  return nullptr;
}

/// null is as good as none.
bool has_object(const Json& in, const char* key) {
  const auto found = in.find(key);
  return found != in.end() && found->is_object();
}

bool runs(const Json& status) { return has_object(object_at(status, "state"), "running"); }

/// With containerd, also a container whose creation failed has a code: 128 (2.1.9, internal/cri/server,
/// container_start.go).
bool not_begun(const Json& in) { return text_at(object_at(in, "terminated"), "reason") == "StartError"; }

std::optional<int> exit_code(const Json& status, const char* state) {
  const Json& in = object_at(status, state);
  if (!has_object(in, "terminated") || not_begun(in)) return std::nullopt;
  return static_cast<int>(number_at(object_at(in, "terminated"), "exitCode", -1));
}

std::string start_error(const Json& status) {
  for (const char* state : {"state", "lastState"})
    if (const Json& in = object_at(status, state); not_begun(in))
      return text_at(object_at(in, "terminated"), "message");
  return "";
}

/// The ID without its runtime's name, and the number of restarts.
std::pair<std::string, std::string> parts_of(const std::string& instance) {
  const auto space = instance.find(' ');
  std::string id = instance.substr(0, space);
  if (const auto scheme = id.find("://"); scheme != std::string::npos) id.erase(0, scheme + 3);
  return {id, space == std::string::npos ? "" : instance.substr(space + 1)};
}

template <class Which>
std::vector<std::string> ids_of(const Json& pod, Which which) {
  std::vector<std::string> ids;
  for (const char* list : {"containerStatuses", "initContainerStatuses"})
    for (const Json& container : array_at(object_at(pod, "status"), list))
      if (which(container)) ids.push_back(text_at(container, "containerID"));
  return ids;
}

}  // namespace

std::optional<ContainerState> container_state(const Json& pod, const std::string& container) {
  const Json* status = status_of(pod, container);
  if (status == nullptr) return std::nullopt;
  const Json& waiting = object_at(object_at(*status, "state"), "waiting");
  return ContainerState{text_at(*status, "containerID"),
                        text_at(*status, "image"),
                        text_at(*status, "imageID"),
                        runs(*status),
                        text_at(waiting, "reason"),
                        text_at(waiting, "message"),
                        exit_code(*status, "state"),
                        exit_code(*status, "lastState"),
                        start_error(*status)};
}

bool instance_ended(const Json& pod, const std::string& container, const std::string& instance) {
  const Json* status = status_of(pod, container);
  if (status == nullptr || runs(*status)) return false;
  const std::string id = parts_of(instance).first;
  for (const char* state : {"state", "lastState"}) {
    const std::string ended = text_at(object_at(object_at(*status, state), "terminated"), "containerID");
    if (!ended.empty() && same_instance(ended, id) == true) return true;
  }
  // A node that was started anew says no more than that it is not the first one; what did not start counts, too.
  return start_error(*status).empty() && number_at(*status, "restartCount", 0) > 0;
}

bool container_running(const Json* pod, const std::string& container) {
  const Json* own = status_of(*pod, container);
  return own != nullptr && runs(*own);
}

bool ever_started(const Json& pod, const std::string& container) {
  const Json* status = status_of(pod, container);
  if (status == nullptr) return false;
  const Json& state = object_at(*status, "state");
  const Json& ended = object_at(state, "terminated");
  const bool unknown = text_at(ended, "reason") == "ContainerStatusUnknown" && text_at(*status, "containerID").empty();
  const Json& last = object_at(*status, "lastState");
  return runs(*status) || (has_object(state, "terminated") && !unknown && !not_begun(state)) ||
         (!last.empty() && !not_begun(last)) || number_at(*status, "restartCount", 0) > (not_begun(last) ? 1 : 0);
}

std::string instance_in(const Json& pod, const std::string& container) {
  const Json* status = status_of(pod, container);
  const std::string id = status == nullptr ? "" : text_at(*status, "containerID");
  return id.empty() ? "" : fmt::format("{} {}", id, number_at(*status, "restartCount", 0));
}

std::optional<bool> same_instance(const std::string& one, const std::string& another) {
  const auto [id, restarts] = parts_of(one);
  const auto [other_id, other_restarts] = parts_of(another);
  if (id.empty() || other_id.empty()) return std::nullopt;
  return id == other_id && (restarts.empty() || other_restarts.empty() || restarts == other_restarts);
}

std::vector<std::string> running_containers(const Json& pod) {
  return ids_of(pod, [](const Json& status) { return runs(status); });
}

std::vector<std::string> known_containers(const Json& pod) {
  return ids_of(pod, [](const Json& status) { return !text_at(status, "containerID").empty(); });
}

}  // namespace ms2m
