#include "node/session/agent_link.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <random>

#include "ms2m/json.hpp"
#include "ms2m/remedy.hpp"
#include "node/protocol/agent_paths.hpp"
#include "node/session/agent_line.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kLongestGreeting = 4u << 10;

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

/// The first line; what comes behind it is frames.
std::string first_line(Link& link, const StopToken& stop) {
  for (;;) {
    posix::read_into(link.line->out, link.early, kLongestGreeting);
    if (const auto end = link.early.find('\n'); end != std::string::npos) {
      const std::string line = link.early.substr(0, end);
      link.early.erase(0, end + 1);
      return line;
    }
    if (!link.line->out) {
      link.line->wait_for_end(Millis{2000});
      throw link.line->cause("");
    }
    if (link.early.size() >= kLongestGreeting) return "";
    stop.check("waiting for the node program that the agent on node " + link.node + " starts");
    std::array<pollfd, 2> fds{{{link.line->out.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(Millis{60000}).count()));
  }
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
  const auto greeting = parse_greeting(first_line(link, limit));
  if (!greeting) throw Error(ErrorKind::protocol, "what the agent on node " + node + " started is no node program");
  check_agent(node, *greeting);
  link.greeting = *greeting;
  return link;
}

}  // namespace ms2m::node
