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

/// Of a migration on the cluster that the fake is.
inline JournalSummary journal_here() {
  JournalSummary journal;
  journal.id = "m7k2q9";
  journal.source_pod = "consumer-0";
  journal.server = "https://fake";
  journal.cluster_uid = "uid-1";
  return journal;
}

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
