#include "node/runtime/kinds.hpp"
#include "node/runtime/settings.hpp"

namespace ms2m::node {
namespace {

std::string read_containerd(const std::string& toml, bool, NodeTools& tools) {
  tools.containerd_configured = !toml.empty();
  each_setting(toml, [&](const std::string& name, const std::string& value) {
    if (name == "enable_criu") tools.containerd_criu = truth(value);
    if (name == "enable_experimental_restore_via_create") tools.containerd_restores = truth(value);
  });
  return "";
}

}  // namespace

RuntimeKind containerd_kind() {
  RuntimeKind kind;
  kind.scheme = "containerd";
  kind.scope = "cri-containerd";
  kind.program = "containerd";
  kind.question = {"config", "dump"};
  kind.file = "/etc/containerd/config.toml";
  kind.oci = "runc";
  kind.read = read_containerd;
  return kind;
}

}  // namespace ms2m::node
