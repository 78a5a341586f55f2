// main() without its roots.
#pragma once
#include "node/program/roots.hpp"

namespace ms2m::node {

/// One session over stdin and stdout; blocks until it has ended. What ended it, when that was no order, goes to stderr.
/// Returns the exit status: 0, or 1 then. Sets the environment (PATH with what is missing in it, LC_ALL), the umask and
/// signal dispositions; there must be no other thread.
int serve(const Roots& roots);

}  // namespace ms2m::node
