#include "node/runtime/crio.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/settings.hpp"
#include "node/runtime/toml.hpp"

namespace ms2m::node {
namespace {

std::string read_crio(const std::string& toml, bool knows_levels, NodeTools& tools) {
  tools.crio_configured = !toml.empty();
  tools.crio_knows_levels = knows_levels;
  const auto tables = read_tables(toml);
  if (const auto set = last_anywhere(tables, "enable_criu_support")) tools.crio_criu_support = truth(*set);
  if (const auto level = last_anywhere(tables, "container_level_enabled")) tools.crio_level = *level;
  if (const auto policy = last_anywhere(tables, "signature_policy")) tools.crio_signature_policy = *policy;
  return last_anywhere(tables, "default_runtime").value_or("");
}

}  // namespace

RuntimeKind crio_kind() {
  RuntimeKind kind;
  kind.scheme = "cri-o";
  kind.scope = "crio";
  kind.monitor = "conmon";
  kind.runtime_flags = {"-r", "--runtime"};
  kind.directories = {"/usr/libexec/crio"};  // its packages have their own crun beside the node's
  kind.program = "crio";
  kind.question = {"status", "config"};
  kind.file = "/etc/crio/crio.conf";
  kind.more = "/etc/crio/crio.conf.d";
  kind.sought = "container_level_enabled";
  kind.states = {"/run/crun", "/run/runc"};
  kind.oci = "crun";
  kind.read = read_crio;
  kind.store = [](const RuntimePlace& place) { return std::make_unique<CrioRuntime>(place); };
  return kind;
}

}  // namespace ms2m::node
