// One run of the program, without a process around it: main() adds signals and the real world, tests add fakes.
#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "cli/backend.hpp"
#include "cli/environment.hpp"
#include "ms2m/stop.hpp"

namespace ms2m::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  std::size_t err_columns = 80;
  int state_asked = -1;  ///< SignalGuard::asked()
};

/// Returns the exit status. Never throws.
int run(const std::vector<std::string>& arguments, const Environment& environment, const Streams& streams,
        Backend& backend, const StopToken& stop) noexcept;

}  // namespace ms2m::cli
