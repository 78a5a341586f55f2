// Findings about what the process was given for its whole life: environment variables, its runtime, devices.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "kube/objects/container.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/traits.hpp"
#include "kube/objects/travel.hpp"
#include "ms2m/node_setup.hpp"
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
bool differs(const Facts& facts, const Container& container, const Variable& variable) {
  if (variable.resource) {
    // Without a limit of its own it is what the node has.
    const std::string& path = variable.resource->name;
    if (path.rfind("limits.", 0) != 0) return false;
    const auto meant = container_in(facts.pod, variable.resource->container);
    return !(meant ? *meant : container).limits.contains(path.substr(7));
  }
  const std::string& path = variable.field;
  for (const char* field :
       {"status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs", "spec.nodeName", "metadata.uid"})
    if (path == field) return true;
  const bool keeps_name = facts.procedure.keeps_name();
  if (path == "metadata.name") return !keeps_name;
  const bool label = path.rfind("metadata.labels[", 0) == 0;
  if (!label && path.rfind("metadata.annotations[", 0) != 0) return false;
  const Labels all = label ? labels_of(facts.pod) : annotations_of(facts.pod);
  const auto value = all.find(subscript(path));
  return value != all.end() && !travels(value->first, value->second, facts.pod);
}

/// A process keeps its environment for life.
void check_environment(const Facts& facts, const Container& container, std::vector<Finding>& out) {
  std::vector<std::string> stale;
  for (const Variable& variable : container.environment) {
    bool is_stale = differs(facts, container, variable);
    for (const std::string& earlier : stale) is_stale |= variable.value.find("$(" + earlier + ")") != std::string::npos;
    if (is_stale) stale.push_back(variable.name);
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
  const std::string name = traits_of(facts.pod).runtime_class;
  if (name.empty()) return;
  const std::string handler = facts.runtime_handler.value_or(name);
  if (handler == "crun" || handler == "runc" || name == kHandlerName) return;
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

void check_devices(const Container& container, std::vector<Finding>& out) {
  if (!container.devices.empty())
    refuse(out, "devices",
           fmt::format("container {} has {} of a device plugin: what a device holds cannot be checkpointed",
                       container.name, fmt::join(container.devices, ", ")),
           "run the container that holds the state without the device");
  for (const std::string& path : container.block_devices)
    refuse(out, "devices",
           fmt::format("container {} has the block device {}: CRIU does not open it again", container.name, path),
           "use a volume with a file system (volumeMode: Filesystem)");
}

}  // namespace

void check_environment_and_devices(const Facts& facts, std::vector<Finding>& out) {
  const auto container = container_in(facts.pod, facts.container);
  if (container) check_environment(facts, *container, out);
  check_runtime_class(facts, out);
  if (container) check_devices(*container, out);
}

}  // namespace ms2m
