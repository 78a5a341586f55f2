// The program on a node. It takes no arguments: all that it does is asked for in frames.
#include <cstdio>

#include "node/program/serve.hpp"

int main(int argc, char**) {
  if (argc > 1) {
    std::fputs("ms2m-node: takes no arguments; ms2m speaks to it over its standard streams\n", stderr);
    return 2;
  }
  return ms2m::node::serve({});
}
