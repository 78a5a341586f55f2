// What the agents and those who ask them know each other by.
#pragma once
#include <string>

namespace ms2m::agent {

struct Keys {
  std::string authority;         ///< certificate, PEM: what signed the next; its key exists nowhere
  std::string certificate, key;  ///< of the agents, PEM
  std::string token;             ///< 64 hexadecimal digits
};

/// Made anew, for the name `host`, valid for ten years. Error{failed}.
Keys make_keys(const std::string& host);

}  // namespace ms2m::agent
