#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "cli/run.hpp"
#include "cli/signals.hpp"
#include "cli/wiring.hpp"

namespace {

std::size_t columns_of(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  ms2m::StopSource stop;
  const ms2m::cli::SignalGuard signals(stop, ms2m::cli::leave_at_once);
  const auto environment = ms2m::cli::Environment::of_process(environ);
  const bool terminal = ::isatty(STDERR_FILENO) != 0 && environment.get("TERM").value_or("dumb") != "dumb";
  const auto backend = ms2m::cli::make_backend();
  return ms2m::cli::run({argv + 1, argv + argc}, environment,
                        {std::cout, std::cerr, terminal, columns_of(STDERR_FILENO), signals.asked()}, *backend,
                        stop.token());
}
