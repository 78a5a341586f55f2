// The handler with other paths: a directory that has everything in it, then the runtime's arguments.
#include <cstdio>
#include <string>

#include "node/handler/handler.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: ms2m-runtime-at DIRECTORY ARGUMENTS...\n", stderr), 2;
  const std::string at = argv[1];
  return ms2m::node::run_handler({at + "/runtime.json", at + "/restores", at + "/not-started", at + "/system"},
                                 argc - 1, argv + 1);
}
