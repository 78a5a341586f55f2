// Findings about what the process was given for its whole life: environment variables, its runtime, devices.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "kube/objects/pod_spec.hpp"
#include "kube/objects/travel.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

/// metadata.labels['key'] -> key
std::string subscript(const std::string& path) {
  const auto open = path.find("['"), close = path.rfind("']");
  return open == std::string::npos || close == std::string::npos || close < open + 2
             ? ""
             : path.substr(open + 2, close - open - 2);
}

/// Whether the copy's value would be another one than the source's.
bool differs(const Facts& facts, const Json& container, const Json& from) {
  if (const auto resource = from.find("resourceFieldRef"); resource != from.end()) {
    // Without a limit of its own it is what the node has.
    const std::string path = resource->value("resource", "");
    if (path.rfind("limits.", 0) != 0) return false;
    const std::string of = resource->value("containerName", container.value("name", ""));
    const Json* meant = find_container(facts.pod, of);
    const Json limits =
        (meant == nullptr ? container : *meant).value("resources", Json::object()).value("limits", Json::object());
    return !limits.contains(path.substr(7));
  }
  const std::string path = from.value("fieldRef", Json::object()).value("fieldPath", "");
  for (const char* field :
       {"status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs", "spec.nodeName", "metadata.uid"})
    if (path == field) return true;
  const bool keeps_name = facts.procedure.keeps_name();
  if (path == "metadata.name") return !keeps_name;
  for (const char* map : {"labels", "annotations"})
    if (path.rfind(std::string("metadata.") + map + "[", 0) == 0) {
      const std::string key = subscript(path);
      const Json all = facts.pod.at("metadata").value(map, Json::object());
      return all.contains(key) && !travels(key, all.at(key), facts.pod);
    }
  return false;
}

/// A process keeps its environment for life.
void check_environment(const Facts& facts, std::vector<Finding>& out) {
  const Json* container = find_container(facts.pod, facts.container);
  std::vector<std::string> stale;
  for (const Json& variable : container->value("env", Json::array())) {
    const std::string name = variable.value("name", ""), value = variable.value("value", "");
    bool is_stale = variable.contains("valueFrom") && differs(facts, *container, variable["valueFrom"]);
    for (const std::string& earlier : stale) is_stale |= value.find("$(" + earlier + ")") != std::string::npos;
    if (is_stale) stale.push_back(name);
  }
  if (stale.empty()) return;
  out.push_back({"environment", Level::warning,
                 fmt::format("the process keeps its environment: {} {} the source's", fmt::join(stale, ", "),
                             stale.size() == 1 ? "stays" : "stay"),
                 "let the application read what changes with the pod from a downwardAPI volume, or ask for it"});
}

bool has_any(const std::string& name, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

void check_runtime_class(const Facts& facts, std::vector<Finding>& out) {
  const std::string name = facts.pod.at("spec").value("runtimeClassName", "");
  if (name.empty()) return;
  const std::string handler = facts.runtime_class ? facts.runtime_class->value("handler", name) : name;
  if (handler == "crun" || handler == "runc") return;
  const std::string both = handler + " " + name;
  const std::string told = handler == name ? name : fmt::format("{} (handler {})", name, handler);
  const char* cause = nullptr;
  if (has_any(both, {"gvisor", "runsc"}))
    cause = "its processes run on a kernel of their own in user space, which CRIU cannot look into";
  else if (has_any(both, {"kata", "firecracker", "clh", "qemu", "cloud-hypervisor", "confidential", "peer-pods",
                          "urunc", "edera", "hyperv"}))
    cause = "its processes run in a virtual machine, which CRIU cannot look into";
  else if (has_any(both, {"wasm", "spin", "slight"}))
    cause = "it runs WebAssembly, which CRIU does not know";
  else if (has_any(both, {"nvidia", "gpu"}))
    cause = "what a GPU holds cannot be checkpointed";
  else if (has_any(both, {"sysbox"}))
    cause = "it has a user namespace of its own";
  if (cause != nullptr)
    return refuse(out, "runtime-class", fmt::format("the pod's runtime class is {}: {}", told, cause),
                  "run the workload with the node's ordinary runtime (crun or runc): without runtimeClassName");
  out.push_back({"runtime-class", Level::warning,
                 fmt::format("the pod's runtime class is {}: whether that is crun or runc is not known", told),
                 "look at the handler in the container runtime's configuration on both nodes; only crun and runc "
                 "containers can be moved"});
}

void check_devices(const Facts& facts, std::vector<Finding>& out) {
  const Json* container = find_container(facts.pod, facts.container);
  const Json resources = container->value("resources", Json::object());
  std::vector<std::string> devices;
  for (const char* list : {"limits", "requests"}) {
    const Json asked = resources.value(list, Json::object());
    for (const auto& [name, amount] : asked.items()) {
      // Extended resources have a domain; kubernetes.io's are the kubelet's own. An ENI is the pod's network.
      if (name.find('/') == std::string::npos || name.find("kubernetes.io/") != std::string::npos ||
          name.rfind("vpc.amazonaws.com/", 0) == 0 || amount == "0" || amount == 0)
        continue;
      if (std::find(devices.begin(), devices.end(), name) == devices.end()) devices.push_back(name);
    }
  }
  if (!resources.value("claims", Json::array()).empty()) devices.emplace_back("resource claims");
  if (!devices.empty())
    refuse(out, "devices",
           fmt::format("container {} has {} of a device plugin: what a device holds cannot be checkpointed",
                       facts.container, fmt::join(devices, ", ")),
           "run the container that holds the state without the device");
  for (const Json& device : container->value("volumeDevices", Json::array()))
    refuse(out, "devices",
           fmt::format("container {} has the block device {}: CRIU does not open it again", facts.container,
                       device.value("devicePath", "")),
           "use a volume with a file system (volumeMode: Filesystem)");
}

}  // namespace

void check_environment_and_devices(const Facts& facts, std::vector<Finding>& out) {
  check_environment(facts, out);
  check_runtime_class(facts, out);
  check_devices(facts, out);
}

}  // namespace ms2m
