// The program on a node. Called as ms2m-runtime it is an OCI runtime; otherwise all that it does is asked for in
// frames, and its one argument is for one that a container has started.
#include <cstdio>
#include <string>
#include <string_view>

#include "node/handler/handler.hpp"
#include "node/program/in_host.hpp"
#include "node/program/serve.hpp"
#include "node/protocol/version.hpp"

int main(int argc, char** argv) {
  const std::string_view name = argc > 0 ? argv[0] : "";
  if (name.ends_with("ms2m-runtime")) return ms2m::node::run_handler({}, argc, argv);
  if (argc == 2 && std::string_view(argv[1]) == ms2m::node::kInHost) {
    if (const std::string why = ms2m::node::enter_host(); !why.empty()) {
      std::fprintf(stderr, "ms2m-node: %s\n", why.c_str());
      return 3;
    }
  } else if (argc > 1) {
    std::fputs("ms2m-node: takes no arguments; ms2m speaks to it over its standard streams\n", stderr);
    return 2;
  }
  return ms2m::node::serve({});
}
