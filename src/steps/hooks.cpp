#include "steps/hooks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms2m {

bool has_hook(const MigrationRequest& request, HookPoint at) {
  return std::any_of(request.hooks.begin(), request.hooks.end(), [at](const Hook& hook) { return hook.at == at; });
}

std::vector<Announced> announce_hooks(HookPoint at, const Move& move) {
  const auto& hooks = move.request.hooks;
  const auto count = std::count_if(hooks.begin(), hooks.end(), [at](const Hook& hook) { return hook.at == at; });
  if (count == 0) return {};
  return {
      {count == 1 ? fmt::format("run hook {}", to_string(at)) : fmt::format("run {} hooks {}", count, to_string(at))}};
}

std::vector<Announced> BeforeQuiet::announce(const Move& move) { return announce_hooks(HookPoint::before_quiet, move); }

Ran BeforeQuiet::run(const StopToken&) const {
  run_hooks(HookPoint::before_quiet);
  return {};
}

std::vector<Announced> AfterPivot::announce(const Move& move) { return announce_hooks(HookPoint::after_pivot, move); }

Ran AfterPivot::run(const StopToken&) const {
  run_hooks(HookPoint::after_pivot);
  return {};
}

}  // namespace ms2m
