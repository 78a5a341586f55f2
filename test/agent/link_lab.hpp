// Sessions with the real node program through an agent of the test's own.
#pragma once
#include <atomic>

#include "agent_lab.hpp"
#include "node/session/adapters.hpp"
#include "node/session/agent_link.hpp"
#include "node/session/ssh_nodes.hpp"
#include "support/error_of.hpp"

namespace ms2m::test {

struct LinkLab {
  /// No machine is so busy that it comes to nothing for so long.
  static constexpr Millis kSilence{5000};

  explicit LinkLab(std::vector<std::string> argv = {MS2M_NODE_PROGRAM_FILE}) : agent(std::move(argv)) {}

  /// `disturb` is asked before each request and after its answer: whether that is lost.
  NodeSettings settings(std::function<bool(const AgentCall&, bool answered)> disturb = {}) {
    NodeSettings settings;
    settings.silence = kSilence;
    settings.open_line = [this, disturb](const std::string& node, Millis silence, const StopToken& stop) {
      const auto request = [this, disturb](const AgentCall& call, const StopToken& until) -> AgentAnswer {
        const auto lost = [] { return Error(ErrorKind::unavailable, "the connection was lost"); };
        if (disturb && disturb(call, false)) throw lost();
        HttpRequest http{call.method,
                         agent.url(call.path),
                         {{node::kTokenHeader, agent.keys.token}, {node::kOwnerHeader, call.owner}},
                         call.body,
                         false,
                         false};
        HttpResponse answer = client.request(http, until);
        if (disturb && disturb(call, true)) throw lost();
        ++requests;
        return {answer.status, answer.body};
      };
      return node::open_agent_link(node, request, {"k3x9qa", silence, Millis{60000}, "true"}, stop);
    };
    return settings;
  }

  AgentLab agent;
  HttpClient client{agent.options()};
  std::atomic<int> requests{0};
};

}  // namespace ms2m::test
