// The line that the program prints before its first frame.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ms2m::node {

/// Both sides must have the same one.
inline constexpr int kProtocolVersion = 12;

/// Where a node keeps programs that were pushed: a directory of root alone, a file for each build.
inline constexpr const char* kProgramCache = "/var/cache/ms2m";

/// The one argument that the program takes: it is started in a container, and is to work on the node itself.
inline constexpr const char* kInHost = "--in-host";

struct Greeting {
  int version = 0;
  std::string build;    ///< first 16 hex digits of the program's SHA-256; "unknown" when it cannot read itself
  std::string machine;  ///< as `uname -m` tells it
  unsigned uid = 0;
  friend bool operator==(const Greeting&, const Greeting&) = default;
};

/// "ms2m-node <version> <build> <machine> <uid>\n"
std::string print_greeting(const Greeting& greeting);
/// With or without the end of the line. nullopt: it is another line.
std::optional<Greeting> parse_greeting(std::string_view line);

}  // namespace ms2m::node
