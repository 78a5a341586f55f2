#include "engine/hooking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ms2m/error.hpp"
#include "steps/step.hpp"

namespace ms2m {

Hooking::Hooking(Hooks* hooks, const MigrationRequest& request, Journal& journal, Observer& observer,
                 std::vector<HookRun>& runs, std::function<Outcome()> so_far, const StopToken& stop)
    : hooks_(hooks),
      request_(request),
      journal_(journal),
      observer_(observer),
      runs_(runs),
      so_far_(std::move(so_far)),
      stop_(stop) {}

/// Before the source is disturbed nothing goes on without its record. Later a command of the operator's, which may end
/// his maintenance, is worth more than that.
void Hooking::keep(HookPoint at, const std::function<void()>& record) const {
  try {
    record();
  } catch (const Error&) {
    if (at == HookPoint::before_quiet) throw;
  }
}

HookRun Hooking::run_one(const Hook& hook, unsigned number) {
  HookRun run{hook.at, number};
  keep(hook.at, [&] { journal_.hook_begun(hook.at, number); });
  const TimePoint begin = Clock::now();
  const StopToken token = stop_.stop_requested() ? StopToken() : stop_;
  try {
    hooks_->run(hook, so_far_(), token.within(std::chrono::duration_cast<Clock::duration>(request_.hook_limit)));
  } catch (const Cancelled&) {
    run.failure = "interrupted";
  } catch (const Error& error) {
    run.failure = error.kind() == ErrorKind::timeout
                      ? fmt::format("it had not ended after {:g} s (--hook-limit)", request_.hook_limit.count())
                      : error.what();
  } catch (const std::exception& error) {
    run.failure = error.what();
  }
  run.took = Clock::now() - begin;
  keep(hook.at,
       [&] { journal_.hook_ended(hook.at, number, run.failure.empty(), run.failure.empty() ? "ended" : "failed"); });
  return run;
}

void Hooking::run(HookPoint at) {
  if (std::any_of(runs_.begin(), runs_.end(), [at](const HookRun& run) { return run.at == at; })) return;
  if (at == HookPoint::before_quiet) stop_.check("preparing the move");
  unsigned number = 0;
  for (const Hook& hook : request_.hooks) {
    if (hook.at != at) continue;
    runs_.push_back(run_one(hook, ++number));
    const HookRun& run = runs_.back();
    if (run.failure.empty()) continue;
    const std::string text = fmt::format("hook {} failed: {}", to_string(at), run.failure);
    if (at == HookPoint::before_quiet) {
      stop_.check(text);
      throw Error(ErrorKind::failed, text);
    }
    warn(observer_, text, "");
  }
}

Json hooks_announced(const MigrationRequest& request) {
  Json counts = Json::object();
  for (const Hook& hook : request.hooks) counts[to_string(hook.at)] = counts.value(to_string(hook.at), 0) + 1;
  return counts;
}

void tell_missing_hooks(const Journal& journal, Observer& observer, bool forward) {
  std::string missing;
  if (forward && journal.hooks_missing(HookPoint::after_pivot)) missing = to_string(HookPoint::after_pivot);
  if (journal.hooks_missing(HookPoint::end))
    missing += std::string(missing.empty() ? "" : ", ") + to_string(HookPoint::end);
  if (missing.empty()) return;
  warn(observer,
       fmt::format("hooks of this migration have not run, and will not: {}; the ms2m that had their commands has ended",
                   missing),
       "run by hand what they were to do");
}

}  // namespace ms2m
