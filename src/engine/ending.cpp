#include "engine/ending.hpp"

#include <fmt/format.h>

namespace ms2m {
namespace {

Result result_of(const Ending& ending, ServedBy by, bool left) {
  if (ending.way == Ending::Way::back) return left ? Result::leftovers : Result::undone;
  if (ending.way == Ending::Way::not_handed_over || ending.owner_missing) return Result::leftovers;
  switch (by) {
    case ServedBy::not_said:
    case ServedBy::unknown:  // the broker saw the target consume
    case ServedBy::target:
      if (!left) return ending.state_lost ? Result::undone : Result::done;
      return Result::cleanup_incomplete;
    case ServedBy::source:  // its restore failed on the target, and it is back under the same name
      return left ? Result::cleanup_incomplete : Result::undone;
    case ServedBy::started_anew:  // migrated it was, but for nothing
    case ServedBy::nobody:
    case ServedBy::uncertain:
      return left ? Result::leftovers : Result::undone;
  }
  return Result::leftovers;
}

std::string why(const Outcome& outcome) {
  switch (outcome.serving.who) {
    case ServedBy::not_said:
    case ServedBy::unknown:
    case ServedBy::target:
      return "";
    case ServedBy::source:
      return fmt::format("the restore on {} failed; the process was brought back on {}", outcome.target_node,
                         outcome.source_node);
    case ServedBy::started_anew:
    case ServedBy::nobody:
    case ServedBy::uncertain:
      return fmt::format(
          "the copy {}/{} was lost after the source had gone, and its state with it, as when a pod dies without a "
          "migration",
          outcome.ns, outcome.target_pod);
  }
  return "";
}

}  // namespace

void end(Journal& journal, Outcome& outcome, const Ending& ending) {
  const bool left = !outcome.leftovers.empty();
  outcome.result = result_of(ending, outcome.serving.who, left);
  outcome.resumable = left;
  if (ending.way == Ending::Way::forward && outcome.error.empty()) outcome.error = why(outcome);
  journal.end(outcome.result);
}

}  // namespace ms2m
