// SIGUSR1: how far it is, on standard error.
#pragma once
#include <thread>

#include "cli/session.hpp"

namespace ms2m::cli {

/// While it lives, each SIGUSR1 is answered, from a thread of its own: with what `ms2m status` would say of the
/// migrations of this process (as a line of JSON where progress is JSON Lines). It asks for that as `ms2m status` does,
/// so that the migration is not disturbed by it.
class StateOnSignal {
 public:
  /// `asked`: signals.hpp; negative: nobody asks.
  StateOnSignal(const Context& context, int asked);
  ~StateOnSignal();
  StateOnSignal(const StateOnSignal&) = delete;
  StateOnSignal& operator=(const StateOnSignal&) = delete;

 private:
  void serve(int asked) const noexcept;
  void print() const;

  const Context& context_;
  StopSource ending_;
  std::thread thread_;
};

}  // namespace ms2m::cli
