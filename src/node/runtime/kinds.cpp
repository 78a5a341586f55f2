#include "node/runtime/kinds.hpp"

namespace ms2m::node {

RuntimeKind docker_kind() {
  RuntimeKind kind;
  kind.scheme = kind.scope = "docker";
  return kind;
}

const std::vector<RuntimeKind>& runtime_kinds() {
  static const std::vector<RuntimeKind> all{crio_kind(), containerd_kind(), docker_kind()};
  return all;
}

std::vector<std::string> control_group_names(const std::string& id) {
  std::vector<std::string> names{id};
  for (const RuntimeKind& kind : runtime_kinds())
    for (const char* end : {".scope", ""}) names.push_back(kind.scope + "-" + id + end);
  return names;
}

const std::vector<OciRuntime>& oci_runtimes() {
  static const std::vector<OciRuntime> all{{"crun", "/etc/criu/crun.conf", "status", "cgroup-path", "pid"},
                                           {"runc", "/etc/criu/runc.conf", "state.json", "", "init_process_pid"}};
  return all;
}

}  // namespace ms2m::node
