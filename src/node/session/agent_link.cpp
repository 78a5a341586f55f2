#include "node/session/agent_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "ms2m/json.hpp"
#include "ms2m/remedy.hpp"
#include "node/protocol/agent_paths.hpp"
#include "node/session/agent_line.hpp"
#include "node/session/first_line.hpp"

namespace ms2m::node {
namespace {

std::string random_hex(std::size_t digits) {
  std::random_device random;  // the kernel's
  std::string text;
  while (text.size() < digits) text += fmt::format("{:08x}", random());
  return text.substr(0, digits);
}

Error not_opened(const std::string& node, const AgentAnswer& answer) {
  const Json told = Json::parse(answer.body, nullptr, false);
  const Json error = told.is_object() ? told.value("error", Json()) : Json();
  const std::string why = error.is_string() ? error.get<std::string>() : answer.body;
  return Error(ErrorKind::failed, fmt::format("the agent on node {} does not start the node program: {}", node, why));
}

void check_agent(const std::string& node, const Greeting& greeting) {
  if (greeting.version != kProtocolVersion)
    throw Error(ErrorKind::refused,
                fmt::format("the agent on node {} speaks version {} of the protocol, and this ms2m version {}", node,
                            greeting.version, kProtocolVersion),
                "apply what this prints, with an image of this ms2m: " +
                    remedy::command(remedy::Command::agent_manifest, {}, {"IMAGE"}));
  if (greeting.uid != 0)
    throw Error(ErrorKind::forbidden,
                fmt::format("the agent on node {} starts the node program as user {}, not as root", node, greeting.uid),
                "run it as `ms2m agent manifest` has it");
}

}  // namespace

Link open_agent_link(const std::string& node, AgentRequest request, const AgentTerms& terms, const StopToken& stop) {
  const StopToken limit = stop.within(terms.connect);
  const std::string id = random_hex(kAgentId);
  const Json wishes{{"silence_ms", std::min<Millis>(terms.silence, kLongestSilence).count()}};
  const AgentAnswer opened = request({"POST", "/v1/sessions/" + id, terms.owner, wishes.dump()}, limit);
  if (opened.status != 200) throw not_opened(node, opened);
  Link link;
  link.node = node;
  link.by_hand = terms.by_hand;
  link.line = std::make_unique<AgentLine>(node, id, std::move(request), terms);
  const auto greeting = parse_greeting(
      first_line(link, "waiting for the node program that the agent on node " + node + " starts", limit));
  if (!greeting) throw Error(ErrorKind::protocol, "what the agent on node " + node + " started is no node program");
  check_agent(node, *greeting);
  link.greeting = *greeting;
  return link;
}

}  // namespace ms2m::node
