// Facts of a migration that nothing speaks against, and what the preflight has against others.
#pragma once
#include <string>

#include "plan/facts.hpp"
#include "plan/procedure.hpp"
#include "preflight/preflight.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

inline MigrationRequest request() {
  MigrationRequest r;
  r.ns = "default";
  r.pod = "consumer-0";
  r.target_node = "worker-2";
  r.queue = "app.events";
  return r;
}

inline Json node(const char* name) {
  Json n = Json::parse(R"({"metadata":{"labels":{}},"spec":{},"status":{"conditions":[{"type":"Ready","status":"True"}],
     "nodeInfo":{"architecture":"amd64","kernelVersion":"6.18","containerRuntimeVersion":"cri-o://1.36.3"}}})");
  n["metadata"]["name"] = name;
  return n;
}

/// CRI-O with crun, as a node should have them.
inline NodeTools good_tools() {
  NodeTools tools;
  tools.asked = tools.crio_configured = true;
  tools.criu = "4.3";
  tools.crun = "1.28";
  tools.oci = "crun";
  tools.crio_criu_support = true;
  tools.criu_options["/etc/criu/crun.conf"] = {{"tcp-close", ""}, {"skip-in-flight", ""}};
  return tools;
}

/// Facts of a migration that nothing speaks against.
inline Facts good() {
  Facts f;
  f.ns = "default";
  f.pod = Json::parse(
      R"({"metadata":{"name":"consumer-0","uid":"u"},"spec":{"nodeName":"worker-1","containers":[{"name":"consumer","image":"i"}]},
    "status":{"phase":"Running","containerStatuses":[{"name":"consumer","state":{"running":{}}}]}})");
  f.container = "consumer";
  f.base_image = "i";
  f.source.node = parse_node(node("worker-1"));
  f.target.node = parse_node(node("worker-2"));
  f.source.image = f.target.image = StoredImage{"abcdef0123456789", {"i"}};
  f.checkpoint_gate = true;
  f.source.look = NodeLook{{"avx2", "fpu", "vme"}, {}, Content::empty};
  f.target.look = f.source.look;
  f.source.tools = good_tools();
  f.target.tools = f.source.tools;
  f.depth = QueueDepth{3, 1};
  f.source_control = QueueDepth{0, 1};
  f.admin_version = "3.10.8";
  f.queue = QueueFacts{};
  f.policy_on_ours = Json::object();
  return f;
}

/// Restored as the facts' procedure has it; the rest of that follows from the request.
inline std::vector<Finding> findings(Facts facts, const MigrationRequest& r) {
  const Restoring restoring = facts.procedure.restoring;
  facts.procedure = procedure_of(r, facts.pod);
  facts.procedure.restoring = restoring;
  return preflight(facts, r);
}

inline std::string refusal(const Facts& facts, const MigrationRequest& r = request()) {
  for (const Finding& finding : findings(facts, r))
    if (finding.level == Level::refusal) {
      CHECK_FALSE(finding.cure.empty());
      return finding.text;
    }
  return "";
}

inline std::string warning(const Facts& facts, const MigrationRequest& r = request()) {
  for (const Finding& finding : findings(facts, r))
    if (finding.level == Level::warning) return finding.text;
  return "";
}

}  // namespace ms2m::test
