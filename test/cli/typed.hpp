// A command line in a world of fakes.
#pragma once
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/run.hpp"
#include "fake_backend.hpp"

namespace ms2m::test {

struct Typed {
  World world;
  std::map<std::string, std::string> variables;
  StopSource stop;
  std::string out, err;  ///< of the last one

  int run(const std::vector<std::string>& arguments) {
    std::ostringstream out_stream, err_stream;
    FakeBackend backend(world);
    const int status =
        cli::run(arguments, cli::Environment(variables), {out_stream, err_stream}, backend, stop.token());
    out = out_stream.str();
    err = err_stream.str();
    return status;
  }
};

}  // namespace ms2m::test
