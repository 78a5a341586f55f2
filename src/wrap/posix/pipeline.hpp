// from | through us | to: a stream of any length between two processes, with constant memory.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "wrap/posix/subprocess.hpp"

namespace ms2m::posix {

struct PipelineSpec {
  RunSpec from;  ///< its input is sent to it, its stdout is the stream
  RunSpec to;    ///< its input is sent before the stream
  /// When set, the first line of the stream goes to it, not to `to`; what it returns is sent instead. May throw to
  /// refuse.
  std::function<std::string(std::string_view line)> on_header;
  /// Sees every byte of the stream in order (without the header). May throw to refuse.
  std::function<void(std::string_view chunk)> on_data;
  /// Called when `from` has ended well and all of the stream is written; what it returns is sent at the end. May throw.
  std::function<std::string()> on_end;
};

struct PipelineResult {
  enum class Cause { none, from, to };
  Cause cause = Cause::none;  ///< the side that failed first; the other one's failure is its consequence
  RunResult from;             ///< out is empty
  RunResult to;
};

/// Blocks until both have ended. When one side fails, the other is ended. Stop, deadline and an exception of a callback
/// end both, then propagate (as run_process). A stream that `from` ends without a header line is a failure of `from`.
PipelineResult run_pipeline(const PipelineSpec& spec, const StopToken& stop, const std::string& doing);

}  // namespace ms2m::posix
