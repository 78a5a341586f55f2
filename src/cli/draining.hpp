// Empties a node: looks at all of its pods, then moves those that can be moved.
#pragma once
#include <string>

#include "cli/session.hpp"

namespace ms2m::cli {

struct DrainOptions {
  std::string node, selector;
  std::size_t parallel = 4;
  MigrateOptions migrate;
};

/// Prints the table, or JSON, and returns the exit status. Error, Cancelled: nothing has been touched.
int drain(const Context& context, const DrainOptions& options);

}  // namespace ms2m::cli
