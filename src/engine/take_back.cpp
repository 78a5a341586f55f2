// After the pivot the source may still have the queue back: when the copy is lost, or withdrawn before it has taken
// anything.
#include <fmt/format.h>

#include <utility>

#include "engine/coordinator.hpp"
#include "ms2m/remedy.hpp"
#include "undo/idle_copy.hpp"
#include "undo/lost_copy.hpp"
#include "undo/operations.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

/// Whether what the copy has done can be done without is not for ms2m to say.
std::string give_up(const Journal& journal, const Outcome& outcome, const std::string& otherwise) {
  const std::string resume = remedy::command(remedy::Command::resume_migration, {}, {outcome.id});
  return fmt::format("{}give it up with what it has done: {} && {}",
                     otherwise.empty() ? "" : fmt::format("{}{}; or ", otherwise, resume),
                     remedy::command(remedy::Command::delete_pod, place_of(journal), {outcome.ns, outcome.target_pod}),
                     resume);
}

/// Settled for a copy that was there; the name leads to the original image since, and to nobody's container.
void plan_name_removal(Journal& journal) {
  for (const Effect& effect : journal.effects())
    if (const auto* name = effect.finish ? std::get_if<op::PointImageName>(&*effect.finish) : nullptr;
        name != nullptr && effect.settled) {
      const op::RemoveImageName removal{name->node, name->name};
      journal.effect(Phase::finalizing, describe(removal), removal, {});
    }
}

void tell_withdrawal(Outcome& outcome, Withdrawal withdrawal, const std::string& copy, const std::string& cause) {
  const char* now = outcome.serving.nobody() ? "the source is not there either" : "the source has the queue back";
  if (withdrawal == Withdrawal::impossible) {
    outcome.error = fmt::format("the copy {} was lost after the hand-over, and with it what it had done; {}{}", copy,
                                now, cause.empty() ? "" : fmt::format(" ({})", cause));
    return;
  }
  outcome.undone.insert(outcome.undone.begin(),
                        fmt::format("withdraw pod {}, which did not consume {}", copy, outcome.queue));
  outcome.error =
      fmt::format("the copy {} did not consume {} after the hand-over{}, and was withdrawn{}; {}", copy, outcome.queue,
                  cause.empty() ? "" : " (" + cause + ")",
                  withdrawal == Withdrawal::withdrawn ? " before it had taken anything"
                  : withdrawal == Withdrawal::repeated
                      ? "; side effects that it had since are had once more"
                      : "; not all of it was frozen until its end, and what that may have done is lost with it",
                  now);
}

}  // namespace

bool Migrator::Impl::untouched(Journal& journal, Handed handed) {
  const auto given = journal.effect_with<op::ResumeTarget>();
  const auto stream = journal.effect_with<op::ServeStream>();
  if (!(given && !given->settled) && !(stream && !stream->settled)) return false;
  if (journal.marked(Mark::may_have_served)) return false;
  if (handed == Handed::unserved) return true;
  try {
    if (handed == Handed::unknown && command_unread(ports, journal, StopToken().within(std::chrono::seconds(20))))
      return true;
  } catch (const std::exception&) {
    // What cannot be asked is no proof.
  }
  try {
    journal.mark(Mark::may_have_served);
  } catch (const std::exception&) {
    // As for a settled entry (apply.cpp).
  }
  return false;
}

Migrator::Impl::TakenBack Migrator::Impl::take_back(Journal& journal, Outcome& outcome, Seconds limit, bool untouched) {
  const std::string copy = fmt::format("{}/{}", outcome.ns, outcome.target_pod);
  Withdrawal withdrawal = Withdrawal::impossible;  // lost
  try {
    const StopToken stop = StopToken().within(std::chrono::minutes(4));
    if (!must_take_back(ports, journal, stop) && !must_turn_back(ports, journal, stop)) {
      withdrawal = journal.effect_with<op::ServeStream>() ? withdraw_reader(ports, journal, untouched, stop)
                                                          : withdraw_idle_copy(ports, journal, untouched, stop);
      if (withdrawal == Withdrawal::impossible) {
        if (!memory_is_lost(ports, journal, stop)) return {};
        outcome.remedy = give_up(journal, outcome, "");
        return {false, false,
                fmt::format("the memory of pod {} did not all come, so it was ended, and its source is not there any "
                            "more: what both have done is lost",
                            copy)};
      }
      if (withdrawal == Withdrawal::serves) return {false, true};
      if (withdrawal == Withdrawal::may_have_served) {
        outcome.remedy = give_up(journal, outcome, "make it consume, then: ");
        return {false, false,
                fmt::format("pod {} does not consume {}, and may have since the hand-over: what it has done is in it "
                            "alone, so it was left as it is",
                            copy, outcome.queue)};
      }
    }
  } catch (const std::exception& error) {
    // A resume looks again.
    return {false, false,
            fmt::format("what pod {} does with {} could not be made certain ({})", copy, outcome.queue, error.what())};
  }
  const std::string cause = std::exchange(outcome.error, "");
  journal.mark(Mark::turned_back);
  if (!outcome.failed_phase) outcome.failed_phase = Phase::finalizing;
  plan_name_removal(journal);
  undo(journal, outcome, limit);
  tell_withdrawal(outcome, withdrawal, copy, cause);
  return {true};
}

}  // namespace ms2m
