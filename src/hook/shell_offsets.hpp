// --offset-command: a line for the operator's own shell that prints where an application is in its stream.
#pragma once
#include <memory>

#include "ms2m/offset_command.hpp"

namespace ms2m::hook {

/// By run_in_shell(); ends with end_running(), too. Its standard input is empty; in its environment are MS2M_NAMESPACE,
/// MS2M_POD, MS2M_POD_IP, MS2M_CONTAINER, MS2M_QUEUE and MS2M_ROLE ("source", "target"). Its standard output is one
/// decimal number, and white space around it.
std::unique_ptr<OffsetCommand> make_shell_offsets();

}  // namespace ms2m::hook
