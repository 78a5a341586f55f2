// The hooks of a migration at their points, and what comes of them.
#pragma once
#include <functional>

#include "journal/journal.hpp"
#include "ms2m/event.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

/// Each is in the journal before it begins, so that it runs once at most: whoever takes the migration up later has no
/// commands, and says what is missing. All that it is made of outlives it.
class Hooking {
 public:
  /// `so_far`: what a hook is told. `stop`: of the operator; a hook that begins after it runs all the same.
  Hooking(Hooks* hooks, const MigrationRequest& request, Journal& journal, Observer& observer,
          std::vector<HookRun>& runs, std::function<Outcome()> so_far, const StopToken& stop);

  /// The hooks of that point, in their order. before_quiet: the first that fails is the last, and thrown:
  /// Error{failed}, Cancelled. Of the others each runs, and a failure is a warning. Nothing when they have run already.
  void run(HookPoint at);

 private:
  HookRun run_one(const Hook& hook, unsigned number);
  void keep(HookPoint at, const std::function<void()>& record) const;

  Hooks* const hooks_;
  const MigrationRequest& request_;
  Journal& journal_;
  Observer& observer_;
  std::vector<HookRun>& runs_;
  const std::function<Outcome()> so_far_;
  const StopToken stop_;
};

/// {"before-quiet": 1, "end": 2}: for the journal's first record.
Json hooks_announced(const MigrationRequest& request);

/// Warns of those that will never run, because the ms2m that knew them has died. `forward`: it is finished, not undone.
void tell_missing_hooks(const Journal& journal, Observer& observer, bool forward);

}  // namespace ms2m
