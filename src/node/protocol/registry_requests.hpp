// Requests by which a node speaks with an OCI registry. Part of messages.hpp.
//
// What is said there is ms2m's business (carry/registry_client.hpp); the node knows HTTP and no more of it. Each
// exchange has a connection of its own. The bytes of a blob never come to ms2m: they go through a passage
// (passage_requests.hpp), which is the body of the exchange. Who may what there is in the headers, and nowhere on the
// node but in its memory.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m::node {

struct RegistryEnd {
  std::string host;  ///< a name, which the node looks up, or an address
  std::uint64_t port = 443;
  bool tls = true;
  /// PEM; who answers must have a certificate for `host` from one of them. Empty: from whom the node itself trusts.
  std::string certificates;
};

struct RegistryAnswer {
  std::uint64_t status = 0;                    ///< 0: none yet, the passage is open for what is to be sent
  std::map<std::string, std::string> headers;  ///< names in lower case; of several of a name the last
  std::string body;                            ///< its first kMostBody bytes, unless a passage has it
};

/// One request and its answer, whatever its status is. Error{unavailable}: the host is not known, does not answer, or
/// speaks no HTTP; {forbidden}: its certificate is not trusted; {usage}: what is asked for is no HTTP request.
struct RegistryExchange {
  static constexpr const char* kDo = "registry_exchange";
  using Answer = RegistryAnswer;
  RegistryEnd at;
  std::string method, target;
  std::map<std::string, std::string> headers;
  std::string body;
  /// A passage is made of it: of the request's body when it sends (the answer is told by RegistrySent), else of the
  /// answer's body, if that is 200. Empty: of none. Should what is sent break off, by whatever end of the request that
  /// names the passage or of the session, the node ends the exchange and deletes what its answer leads to.
  std::string passage;
  bool sends = false;
};
inline constexpr std::size_t kMostBody = 256u << 10;
/// Without a byte from the registry, in an exchange without a passage.
inline constexpr Millis kRegistryPatience{30'000};

/// What was answered when all had been sent through that passage, also when that is why it broke; once.
/// Error{not_found}: nothing was.
struct RegistrySent {
  static constexpr const char* kDo = "registry_sent";
  using Answer = RegistryAnswer;
  std::string passage;
};

}  // namespace ms2m::node
