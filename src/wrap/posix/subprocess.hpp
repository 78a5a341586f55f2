// Runs a program to its end: input in, output out, cancellable. argv only, never a shell string.
#pragma once
#include <cstddef>
#include <string>

#include "ms2m/stop.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::posix {

struct RunSpec {
  ProcessSpec process;
  std::string input;                  ///< written to its stdin, which is closed after it
  bool hold_stdin = false;            ///< keep stdin open after the input until the process ends
  std::size_t out_limit = 16u << 20;  ///< more output than this is an Error{failed}
  std::size_t err_limit = 8u << 10;   ///< the last bytes of stderr are kept
  Millis grace{50};                   ///< between SIGTERM and SIGKILL after a stop or the deadline
};

struct RunResult {
  ExitStatus status;
  std::string out;
  std::string err;
  bool ok() const noexcept { return status.ok(); }
};

/// Blocks until the process has ended and its output is read (output of grandchildren that outlive it is not waited
/// for). A process that fails is a result. Stop: the whole process group is ended, then Cancelled; deadline: the same,
/// then Error{timeout, "timed out <doing>"}. Error{not_found|failed} when it cannot be started. Thread-safe.
RunResult run_process(const RunSpec& spec, const StopToken& stop, const std::string& doing);

/// Shorthand: no input.
RunResult run_process(const std::vector<std::string>& argv, const StopToken& stop, const std::string& doing);

/// The last non-empty line of a program's stderr, without surrounding white space: usually its reason.
std::string last_line(const std::string& text);

}  // namespace ms2m::posix
