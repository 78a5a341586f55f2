// The options that every command takes.
#pragma once
#include "cli/completion.hpp"
#include "cli/options.hpp"

namespace ms2m::cli {

void add_global_options(CLI::App& app, GlobalOptions& globals);

}  // namespace ms2m::cli
