// The operator's own commands within a migration; those at its end are the engine's.
#pragma once
#include <functional>

#include "steps/step.hpp"

namespace ms2m {

/// Those of the request at that point, one after the other. Throws Error, Cancelled for before_quiet alone.
using RunHooks = std::function<void(HookPoint at)>;

/// The last step before the source is disturbed.
struct BeforeQuiet {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr Wait kWait{WaitFor::hook, "hook before-quiet"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const RunHooks& run_hooks;
};

/// The target serves; nobody waits for what comes.
struct AfterPivot {
  static constexpr Phase kPhase = Phase::finalizing;
  static constexpr Wait kWait{WaitFor::hook, "hook after-pivot"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const RunHooks& run_hooks;
};

bool has_hook(const MigrationRequest& request, HookPoint at);
/// The line of the plan. No command is in it: it may hold a secret.
std::vector<Announced> announce_hooks(HookPoint at, const Move& move);

}  // namespace ms2m
