// Findings about ms2m's own runtime handler on the nodes.
#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "plan/dump_time.hpp"
#include "plan/restoring.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

void check_node(const NodeFacts& facts, const std::string& name, std::vector<Finding>& out) {
  const NodeTools& tools = facts.tools;
  if (!tools.asked) return;
  std::string state;
  if (tools.handler.empty())
    state = "ms2m's runtime handler is not installed there";
  else if (!tools.handler_configured)
    state = "ms2m's runtime handler is there, but its configuration, or the container runtime's of it, is not";
  else if (tools.handler != tools.handler_here)
    state = fmt::format("ms2m's runtime handler there is of build {}, and this ms2m brings {}", tools.handler,
                        tools.handler_here);
  const std::string cure = state.empty() ? "" : "ms2m node setup " + name;
  if (!cure.empty()) state += "; what installs it: " + cure;
  if (state.empty()) state = fmt::format("ms2m's runtime handler is there (build {})", tools.handler);
  out.push_back({"node-handler", Level::ok, fmt::format("node {}: {}", name, state), cure});
}

void check_rounds(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (request.precopy.value_or(0) == 0) return;
  if (const auto trouble = against_dump_at_work(facts))
    refuse(out, "precopy", "the source is checkpointed at work: " + trouble->text, trouble->cure);
  if (facts.procedure.by_handler()) return;
  refuse(out, "precopy", "--precopy carries memory to where the runtime handler restores it, and an image is one whole",
         "use --precopy off, or see that the runtime handler restores the copy (ms2m node setup)");
}

}  // namespace

void check_handler(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  check_node(facts.source, pod_node(facts.pod), out);
  check_node(facts.target, request.target_node, out);
  if (facts.target.access) return;
  check_rounds(facts, request, out);
  if (request.restore == RestoreChoice::image) return;
  const auto against = against_handler(facts, request);
  if (!against)
    out.push_back({"restore", Level::ok, "the copy is restored by ms2m's runtime handler", ""});
  else if (request.restore == RestoreChoice::handler)
    refuse(out, "restore", "the runtime handler cannot restore the copy: " + against->text, against->cure);
  else
    out.push_back({"restore", Level::ok, "the copy is restored from a checkpoint image: " + against->text, ""});
}

}  // namespace ms2m
