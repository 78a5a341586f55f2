// How an agent is asked: what its link and its line are given.
#pragma once
#include <functional>
#include <string>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

struct AgentCall {
  std::string method;
  std::string path;  ///< "/v1/sessions/..."
  std::string owner;
  std::string body{};
};

/// What an agent said, whatever that is.
struct AgentAnswer {
  int status = 0;
  std::string body{};
};

/// Sends a request to the agent of one node; may send it twice when an answer is lost. Blocks. Error{unavailable}: it
/// was not reached, {forbidden, refused, not_found, ...}: and will not be.
using AgentRequest = std::function<AgentAnswer(const AgentCall& call, const StopToken& stop)>;

}  // namespace ms2m

namespace ms2m::node {

struct AgentTerms {
  std::string owner;    ///< of the session: this run of ms2m
  Millis silence{};     ///< without a request the agent ends the program after it
  Millis connect{};     ///< until the program greets
  std::string by_hand;  ///< Link's
};

}  // namespace ms2m::node
