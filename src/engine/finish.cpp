// After the pivot: what is left of the migration is carried out, stage by stage.

#include <future>
#include <set>
#include <utility>

#include "engine/coordinator.hpp"
#include "engine/ending.hpp"
#include "engine/who_serves.hpp"
#include "ms2m/remedy.hpp"
#include "undo/apply.hpp"
#include "undo/hand_over.hpp"
#include "undo/lost_copy.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kLook{20};

bool restores_owner(const Operation& o) {
  return std::holds_alternative<op::RecreateSet>(o) || std::holds_alternative<op::ScaleUp>(o) ||
         std::holds_alternative<op::Rename>(o);
}

/// True while the pod's owner is not what it was: gone, or smaller. What brings it back is named among what is left.
bool tell_owner(const Journal& journal, const std::set<int>& named, Outcome& outcome) {
  bool missing = false;
  for (const Effect& effect : journal.effects()) {
    if (effect.settled || !effect.finish || !restores_owner(*effect.finish)) continue;
    missing = true;
    if (named.count(effect.n) == 0)
      outcome.leftovers.push_back({describe(*effect.finish), remedy::command(remedy::Command::resume_migration, {},
                                                                             {journal.begin().value("id", "")})});
  }
  return missing;
}

void tell_unserved(Outcome& outcome, const std::string& doubt) {
  if (doubt.empty()) {
    outcome.serving = {.who = ServedBy::nobody, .why = "the hand-over is not complete"};
    return;
  }
  outcome.serving = {.who = ServedBy::uncertain, .why = doubt};
  outcome.error += (outcome.error.empty() ? "" : "; ") + doubt;
}

}  // namespace

void tell_identity(const Journal& journal, Outcome& outcome) {
  const auto rename = journal.effect_with<op::Rename>();
  if (rename && rename->settled) outcome.target_pod = outcome.source_pod;
}

/// One attempt to finish.
class Migrator::Impl::Finishing {
 public:
  Finishing(Impl& impl, Journal& journal, Outcome& outcome, Seconds limit)
      : impl_(impl), journal_(journal), outcome_(outcome), limit_(limit), operations_(impl.ports, renaming()) {}

  enum class HandedOver { yes, no, taken_back };

  HandedOver hand_over(Handed handed) {
    const bool waited = handed == Handed::unserved;  // in vain, by the strategy itself
    impl_.untouched(journal_, handed);
    // Told that the copy owns the queue, its node would let another process begin in its place, without what it knew.
    const bool ended = ended_before_done(impl_.ports, journal_, StopToken().within(kLook));
    if (!waited && !ended && serve()) return HandedOver::yes;
    if (impl_.restore_again(journal_) && serve()) return HandedOver::yes;
    const TakenBack back = impl_.take_back(journal_, outcome_, limit_, impl_.untouched(journal_, handed));
    if (back.done) return HandedOver::taken_back;
    if ((waited || back.serves) && serve()) return HandedOver::yes;
    tell_unserved(outcome_, back.doubt);
    return HandedOver::no;
  }

  /// False: the source has not gone.
  bool retire_and_tidy() {
    // The source's termination takes its time; what is to be removed on the nodes does not depend on it. But a copy
    // that is to be copied once more must have nothing of the first time left there.
    auto cleaning = std::async(std::launch::async, [&] { return carry_out(kNodes, false); });
    if (journal_.effect_with<op::Rename>()) cleaning.wait();
    // A source that loses the hold queue could go back to the primary: its queues go only after it.
    impl_.timed->line.waits_for({WaitFor::consumer, "the source's consumer to go"});
    const bool retired = nothing_left(carry_out(kRetiring, true));
    if (retired) nothing_left(carry_out(kTidying, false));
    impl_.timed->line.waits_for({WaitFor::node, "what is removed there"});
    nothing_left(cleaning.get());
    impl_.timed->line.waits_for();
    if (outcome_.leftovers.empty()) nothing_left(carry_out(kLease, false));
    return retired;
  }

  void end(Ending::Way way) {
    tell_identity(journal_, outcome_);
    const bool owner_missing = tell_owner(journal_, named_, outcome_);
    if (outcome_.leftovers.empty()) impl_.forget_children(journal_);
    if (way == Ending::Way::forward) {
      await_ready(impl_.ports.cluster, impl_.observer, outcome_, place_of(journal_));
      outcome_.serving =
          target_serves(impl_.ports.cluster, outcome_, journal_.effect_with<op::ServeStream>().has_value());
      tell_started_anew();
    }
    ms2m::end(journal_, outcome_, {way, owner_missing, state_lost_});
  }

 private:
  Operations::RenameCopy renaming() {
    return [this](const op::Rename& operation, const StopToken&) {
      state_lost_ = !impl_.rename_copy(journal_, operation, outcome_);
    };
  }

  /// A container by the runtime handler that was started again since the hand-over has begun from its own image.
  void tell_started_anew() {
    const auto given = journal_.effect_with<op::ResumeTarget>();
    if (outcome_.serving.who != ServedBy::target || !given || !journal_.effect_with<op::CompleteRestore>()) return;
    if (!another_instance(impl_.ports.cluster, hand_over_of(given->operation), StopToken().within(kLook))) return;
    outcome_.serving.who = ServedBy::started_anew;
    outcome_.serving.why = "its container has ended since the hand-over";
  }

  bool serve() {
    outcome_.leftovers.clear();
    named_.clear();
    impl_.timed->line.waits_for({WaitFor::consumer, "the target to consume"});
    Applied settled = carry_out(kServing, true);
    impl_.timed->line.waits_for();
    const bool serves = !settled.stopped;
    nothing_left(std::move(settled));
    return serves;
  }

  Applied carry_out(Stages stages, bool stop_at_failure) {
    return apply(journal_, Direction::finish, operations_, impl_.observer, {limit_, stages, stop_at_failure});
  }

  bool nothing_left(Applied settled) {
    for (Leftover& left : settled.left) outcome_.leftovers.push_back(std::move(left));
    named_.insert(settled.left_numbers.begin(), settled.left_numbers.end());
    return settled.left.empty();
  }

  Impl& impl_;
  Journal& journal_;
  Outcome& outcome_;
  const Seconds limit_;
  Operations operations_;
  std::set<int> named_;  ///< effects that are among the leftovers
  bool state_lost_ = false;
};

void Migrator::Impl::finish(Journal& journal, Outcome& outcome, Seconds limit, Handed handed) {
  outcome.leftovers.clear();
  outcome.serving = {};
  Finishing finishing(*this, journal, outcome, limit);
  switch (finishing.hand_over(handed)) {
    case Finishing::HandedOver::taken_back:
      return;
    case Finishing::HandedOver::no:
      return finishing.end(Ending::Way::not_handed_over);
    case Finishing::HandedOver::yes:
      if (!finishing.retire_and_tidy() && take_back(journal, outcome, limit, false).done) return;
      return finishing.end(Ending::Way::forward);
  }
}

bool Migrator::Impl::restore_again(const Journal& journal) {
  try {
    if (!restored_again(ports, journal, StopToken().within(std::chrono::minutes(5)))) return false;
  } catch (const std::exception&) {
    return false;  // what could not be done, the first attempt has said
  }
  Event event;
  event.type = Event::Type::warning;
  event.phase = Phase::replaying;
  event.text =
      "the restored pod was lost before it was seen to consume the queue: it was restored again, without what it may "
      "have done in between";
  observer.on(event);
  return true;
}

}  // namespace ms2m
