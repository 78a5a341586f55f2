#include "node/runtime/containerd.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/settings.hpp"
#include "node/runtime/toml.hpp"

namespace ms2m::node {
namespace {

std::string read_containerd(const std::string& toml, bool, NodeTools& tools) {
  tools.containerd_configured = !toml.empty();
  const auto tables = read_tables(toml);
  if (const auto set = last_anywhere(tables, "enable_criu")) tools.containerd_criu = truth(*set);
  if (const auto set = last_anywhere(tables, "enable_experimental_restore_via_create"))
    tools.containerd_restores = truth(*set);
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
  kind.states = {"/run/containerd/runc/k8s.io"};
  kind.oci = "runc";
  kind.read = read_containerd;
  kind.store = [](const RuntimePlace& place) { return std::make_unique<ContainerdRuntime>(place); };
  return kind;
}

}  // namespace ms2m::node
