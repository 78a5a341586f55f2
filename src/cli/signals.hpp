// Signals of the process: the first asks for an orderly end, the second leaves at once; SIGUSR1 asks how far it is.
#pragma once
#include <csignal>
#include <utility>
#include <vector>

#include "ms2m/stop.hpp"

namespace ms2m::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP request a stop at `source` (the second one ends the process with status
/// 130 at once, after `leaving`, which is async-signal-safe: the journal was written before every effect, so it says
/// what remains), and SIGPIPE is ignored. A signal that the process was started to ignore stays ignored: SIGHUP under
/// nohup, SIGINT in a script's background job. At most one.
class SignalGuard {
 public:
  explicit SignalGuard(StopSource& source, void (*leaving)() noexcept = nullptr);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// Readable, eight bytes, once SIGUSR1 has come: somebody wants to know how far it is. -1: it is ignored. Ours.
  int asked() const noexcept { return asked_; }

 private:
  std::vector<std::pair<int, struct sigaction>> before_;
  int asked_ = -1;
};

}  // namespace ms2m::cli
