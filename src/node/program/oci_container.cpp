#include "node/program/oci_container.hpp"

#include <unistd.h>

#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/program/monitors.hpp"
#include "node/protocol/setup_paths.hpp"
#include "node/runtime/handler_configuration.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/paths.hpp"
#include "node/runtime/programs.hpp"

namespace ms2m::node {
namespace {

/// nullopt: the handler is not set up here, or its settings are not understood.
std::optional<HandlerConfiguration> handler_settings(const Roots& roots) {
  try {
    return read_configuration(roots.system + kHandlerSettings);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A state may have been left by a container that has ended: its process is another one's by now.
bool is_in_container(pid_t process, const std::string& id) {
  return process > 0 &&
         read_text("/proc/" + std::to_string(process) + "/cgroup").value_or("").find(id) != std::string::npos;
}

OciContainer read_state(const OciRuntime& oci, const std::string& state) {
  OciContainer container;
  const Json json = Json::parse(state, nullptr, false);
  if (!json.is_object()) return container;
  if (const auto init = json.find(oci.state_init); init != json.end() && init->is_number_integer())
    container.init = init->get<pid_t>();
  if (const auto group = json.find(oci.state_group); group != json.end() && group->is_string())
    container.group = group->get<std::string>();
  return container;
}

/// The handler stands before the real one; nobody else is to be asked by its name.
std::string program_of(const Roots& roots, const std::string& name, const std::optional<Monitor>& monitor,
                       const std::optional<HandlerConfiguration>& handler) {
  if (monitor && monitor->runtime.starts_with('/') && !monitor->runtime.ends_with(kHandlerPath) &&
      ::access(monitor->runtime.c_str(), X_OK) == 0)
    return monitor->runtime;
  if (handler && name == (handler->kind == OciKind::crun ? "crun" : "runc")) return handler->runtime;
  const std::string program = find_program(roots.system, name);
  if (program.empty()) throw Error(ErrorKind::refused, "the container's runtime, " + name + ", is not to be found");
  return program;
}

}  // namespace

std::optional<OciContainer> find_oci_container(const Roots& roots, const std::string& id) {
  const auto monitor = monitor_of(id);
  const auto handler = handler_settings(roots);
  std::vector<std::string> places;
  if (monitor && !monitor->root.empty()) places.push_back(monitor->root);
  if (handler && !handler->root.empty()) places.push_back(handler->root);
  for (const RuntimeKind& kind : runtime_kinds())
    for (const std::string& each : kind.states) places.push_back(roots.system + each);
  for (const std::string& root : places)
    for (const OciRuntime& oci : oci_runtimes()) {
      const auto state = read_text(root + "/" + id + "/" + oci.state_file);
      OciContainer found = state ? read_state(oci, *state) : OciContainer{};
      if (!is_in_container(found.init, id)) continue;
      found.runtime = program_of(roots, oci.name, monitor, handler);
      found.criu = roots.system + oci.criu_file;
      found.root = root;
      return found;
    }
  return std::nullopt;
}

}  // namespace ms2m::node
