// The node program with other roots: LAYOUTS CGROUPS KUBELET SYSTEM.
#include <cstdio>

#include "node/program/serve.hpp"

int main(int argc, char** argv) {
  if (argc != 5) return std::fputs("usage: ms2m-node-at LAYOUTS CGROUPS KUBELET SYSTEM\n", stderr), 2;
  return ms2m::node::serve({argv[1], argv[2], argv[3], argv[4]});
}
