// The agent of a node: HTTPS in front of the node program (node/protocol/agent_paths.hpp says what is asked).
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "agent/sessions.hpp"
#include "ms2m/stop.hpp"

namespace ms2m::agent {

struct ServerSettings {
  std::string address = "0.0.0.0";
  int port = 0;                ///< 0: a free one
  std::filesystem::path keys;  ///< a directory with tls.crt, tls.key and token
  std::string node;            ///< its name, told to whoever has the token; may be empty
  std::string build, machine;  ///< of the program that is started
  std::size_t most_sessions = 32;
  Millis request_limit{10000};  ///< a request must have come whole by then
  Millis idle{10000};           ///< a kept connection
  Millis farewell = Sessions::kFarewell;
  double refusals_per_second = 5, refusals_at_once = 20;
};

/// Every request but /healthz needs the token. What is refused is refused with a status and a sentence; 429 when there
/// was too much of it. A connection that is slow, or whose bytes could be taken for another request, is ended.
class Server {
 public:
  /// Reads the keys. Error{usage}: a file cannot be used, or the token is shorter than 32 characters.
  Server(ServerSettings settings, Program program, Log log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens; the port. Error{failed}.
  int bind();
  /// Serves until `stop`, then ends the sessions.
  void run(const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Compares in a time that does not depend on where they differ.
bool same_secret(std::string_view a, std::string_view b) noexcept;

}  // namespace ms2m::agent
