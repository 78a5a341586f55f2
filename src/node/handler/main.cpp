// The program on a node. Called as ms2m-runtime it is an OCI runtime; otherwise it takes no arguments, and all that it
// does is asked for in frames.
#include <cstdio>
#include <string_view>

#include "node/handler/handler.hpp"
#include "node/program/serve.hpp"

int main(int argc, char** argv) {
  const std::string_view name = argc > 0 ? argv[0] : "";
  if (name.ends_with("ms2m-runtime")) return ms2m::node::run_handler({}, argc, argv);
  if (argc > 1) {
    std::fputs("ms2m-node: takes no arguments; ms2m speaks to it over its standard streams\n", stderr);
    return 2;
  }
  return ms2m::node::serve({});
}
