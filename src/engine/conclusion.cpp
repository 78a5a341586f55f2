// How a migration ends: after the pivot what is left of it is finished, before it undone, stage by stage; then who
// serves is told.
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "engine/coordinator.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "undo/idle_copy.hpp"
#include "undo/lost_copy.hpp"
#include "undo/settle.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

constexpr const char* kNobody = "nobody";
constexpr const char* kAnew = "started anew";
/// Where the source had to go first, nothing has waited for the copy's probe yet. It works already: so only as long as
/// it takes a kubelet to report a container and its first probe, and not until the next one of a slow period.
constexpr std::chrono::seconds kReadySoon{2};

/// By its image's name, which no controller gives a pod.
bool is_copy(const Json& pod) {
  for (const Json& container : pod.at("spec").at("containers"))
    if (is_checkpoint_image_name(container.value("image", ""))) return true;
  return false;
}

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

/// Whether what the copy has done can be done without is not for ms2m to say.
std::string give_up(const Journal& journal, const Outcome& outcome) {
  const std::string resume = remedy::command(remedy::Command::resume_migration, {}, {outcome.id});
  return fmt::format("make it consume, then: {}; or give it up with what it has done: {} && {}", resume,
                     remedy::command(remedy::Command::delete_pod, place_of(journal), {outcome.ns, outcome.target_pod}),
                     resume);
}

void tell_unserved(Outcome& outcome, const std::string& doubt) {
  outcome.serving = doubt.empty() ? fmt::format("{}: the hand-over is not complete", kNobody)
                                  : fmt::format("{} for certain: {}", kNobody, doubt);
  if (!doubt.empty()) outcome.error += (outcome.error.empty() ? "" : "; ") + doubt;
}

}  // namespace

void tell_identity(const Journal& journal, Outcome& outcome) {
  const auto rename = journal.effect_with<op::Rename>();
  if (rename && rename->settled) outcome.target_pod = outcome.source_pod;
}

std::string serving(const char* kind, const std::string& ns, const std::string& pod, const std::string& node) {
  return fmt::format("{} pod {}/{} on {}", kind, ns, pod, node);
}

void Migrator::Impl::finish(Journal& journal, Outcome& outcome, Seconds limit, Handed handed) {
  bool lost = false;
  Operations operations(ports, [&](const op::Rename& operation, const StopToken&) {
    lost = !take_identity(journal, operation, outcome);
  });
  std::set<int> named;
  const auto tell_left = [&](Settlement settled) {
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    named.insert(settled.left_numbers.begin(), settled.left_numbers.end());
    return settled.left.empty();
  };
  const auto stage = [&](Stages stages, bool stop_at_failure) {
    return tell_left(settle(journal, Direction::finish, operations, observer, {limit, stages, stop_at_failure}));
  };
  outcome.leftovers.clear();
  outcome.serving.clear();
  const auto serve_again = [&] {
    outcome.leftovers.clear();
    named.clear();
    return stage(kServing, true);
  };
  const bool waited = handed == Handed::unserved;
  untouched(journal, handed);
  bool served_on = !waited && stage(kServing, true);
  if (!served_on && restore_again(journal)) served_on = serve_again();
  if (!served_on) {
    const TakenBack back = take_back(journal, outcome, limit, untouched(journal, handed));
    if (back.done) return;
    if (waited || back.serves) served_on = serve_again();
    if (!served_on) tell_unserved(outcome, back.doubt);
  }
  bool retired = false;
  if (served_on) {
    // The source's termination takes its time; what is to be removed on the nodes does not depend on it. But a copy
    // that is to be copied once more must have nothing of the first time left there.
    const auto clean_nodes = [&] {
      return settle(journal, Direction::finish, operations, observer, {limit, kNodes, false});
    };
    std::future<Settlement> cleaning = std::async(std::launch::async, clean_nodes);
    if (journal.effect_with<op::Rename>()) cleaning.wait();
    // A source that loses the hold queue could go back to the primary: its queues go only after it.
    retired = stage(kRetiring, true);
    if (retired) stage(kTidying, false);
    tell_left(cleaning.get());
    if (outcome.leftovers.empty()) stage(kLease, false);
  }
  if (served_on && !retired && take_back(journal, outcome, limit, false).done) return;
  tell_identity(journal, outcome);
  const bool owner_missing = tell_owner(journal, named, outcome);
  if (outcome.leftovers.empty()) forget_children(journal);
  outcome.resumable = !outcome.leftovers.empty();
  const bool served = outcome.serving.rfind(kNobody, 0) != 0;
  outcome.result = outcome.leftovers.empty()  ? Result::done
                   : served && !owner_missing ? Result::cleanup_incomplete
                                              : Result::leftovers;
  if (served) tell_who_serves(outcome, place_of(journal));
  if (lost && outcome.result == Result::done) outcome.result = Result::undone;
  journal.end(outcome.result);
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

bool Migrator::Impl::untouched(Journal& journal, Handed handed) {
  const auto given = journal.effect_with<op::ResumeTarget>();
  if (!given || given->settled || journal.marked("may_have_served")) return false;
  if (handed == Handed::unserved) return true;
  try {
    if (handed == Handed::unknown && command_unread(ports, journal, StopToken().within(std::chrono::seconds(20))))
      return true;
  } catch (const std::exception&) {
    // What cannot be asked is no proof.
  }
  try {
    journal.mark("may_have_served");
  } catch (const std::exception&) {
    // As for a settled entry (settle.cpp).
  }
  return false;
}

Migrator::Impl::TakenBack Migrator::Impl::take_back(Journal& journal, Outcome& outcome, Seconds limit, bool untouched) {
  const std::string copy = fmt::format("{}/{}", outcome.ns, outcome.target_pod);
  Withdrawal withdrawal = Withdrawal::impossible;  // lost
  try {
    const StopToken stop = StopToken().within(std::chrono::minutes(4));
    if (!must_take_back(ports, journal, stop) && !must_turn_back(ports, journal, stop)) {
      withdrawal = withdraw_idle_copy(ports, journal, untouched, stop);
      if (withdrawal == Withdrawal::impossible) return {};
      if (withdrawal == Withdrawal::serves) return {false, true};
      if (withdrawal == Withdrawal::may_have_served) {
        outcome.remedy = give_up(journal, outcome);
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
  journal.mark("turned_back");
  if (!outcome.failed_phase) outcome.failed_phase = Phase::finalizing;
  // Settled for a copy that was there; the name leads to the original image since, and to nobody's container.
  for (const Effect& effect : journal.effects())
    if (const auto* name = effect.finish ? std::get_if<op::PointImageName>(&*effect.finish) : nullptr;
        name != nullptr && effect.settled) {
      const op::RemoveImageName removal{name->node, name->name};
      journal.effect(Phase::finalizing, describe(removal), removal, {});
    }
  undo(journal, outcome, limit);
  const bool source = outcome.serving.rfind(kNobody, 0) != 0;
  const char* now = source ? "the source has the queue back" : "the source is not there either";
  if (withdrawal == Withdrawal::impossible) {
    outcome.error =
        fmt::format("the copy {} was lost after the hand-over, and with it what it had done; {}", copy, now);
  } else {
    outcome.undone.insert(outcome.undone.begin(),
                          fmt::format("withdraw pod {}, which did not consume {}", copy, outcome.queue));
    outcome.error =
        fmt::format("the copy {} did not consume {} after the hand-over{}, and was withdrawn{}; {}", copy,
                    outcome.queue, cause.empty() ? "" : " (" + cause + ")",
                    withdrawal == Withdrawal::withdrawn
                        ? " before it had taken anything"
                        : "; not all of it was frozen until its end, and what that may have done is lost with it",
                    now);
  }
  return {true};
}

std::string Migrator::Impl::who_serves(const Outcome& outcome, bool target, const std::string& uid) {
  const std::string& name = target ? outcome.target_pod : outcome.source_pod;
  std::string node = target ? outcome.target_node : outcome.source_node, more;
  try {
    const auto pod = ports.cluster.get({Kind::pod, outcome.ns, name}, StopToken().within(std::chrono::seconds(10)));
    if (!pod) return fmt::format("{}: pod {}/{} is gone", kNobody, outcome.ns, name);
    node = pod_node(*pod);
    const bool copy = target && is_copy(*pod);
    if (target && !copy) more = fmt::format(", {}: the copy is gone", kAnew);
    if (!uid.empty() && pod_uid(*pod) != uid) more = fmt::format(", {}: the pod that was to be moved is gone", kAnew);
    const std::string phase = pod->value("status", Json::object()).value("phase", "Pending");
    // The broker saw the copy consume: what the kubelet has not reported yet says nothing against it.
    if (copy ? pod_is_lost(&*pod) : phase != "Running")
      return fmt::format("{}: pod {}/{} on {} is {}{}", kNobody, outcome.ns, name, node,
                         is_terminating(*pod) ? "being deleted" : phase, more);
    if (copy && !pod_is_ready(*pod)) more = ", not Ready yet";
  } catch (const Error&) {
    // Cannot be asked; the broker saw it consume.
  }
  // A StatefulSet's pod has the same name everywhere.
  const bool there = outcome.source_pod == outcome.target_pod ? node == outcome.target_node : target;
  return serving(there ? "target" : "source", outcome.ns, name, node) + more;
}

void Migrator::Impl::await_ready(const Outcome& outcome, const Place& place) {
  const ObjectRef ref{Kind::pod, outcome.ns, outcome.target_pod};
  try {
    ports.cluster.watch(
        ref, [](const Json* pod) { return pod_is_lost(pod) || pod_is_ready(*pod); }, StopToken().within(kReadySoon));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) return;  // not to be found out
    Event event;
    event.type = Event::Type::warning;
    event.phase = Phase::finalizing;
    event.text =
        fmt::format("pod {}/{} consumes {} and is not Ready yet", outcome.ns, outcome.target_pod, outcome.queue);
    event.remedy = remedy::command(remedy::Command::await_ready, place, {outcome.ns, outcome.target_pod});
    observer.on(event);
  }
}

void Migrator::Impl::tell_who_serves(Outcome& outcome, const Place& place) {
  await_ready(outcome, place);
  outcome.serving = who_serves(outcome, true);
  const bool nobody = outcome.serving.rfind(kNobody, 0) == 0;
  const bool elsewhere = outcome.target_pod == outcome.source_pod && outcome.serving.rfind("source", 0) == 0;
  if (nobody || outcome.serving.find(kAnew) != std::string::npos) {
    // Migrated it was, but for nothing.
    if (outcome.result == Result::done) outcome.result = Result::undone;
    if (outcome.result == Result::cleanup_incomplete) outcome.result = Result::leftovers;
    if (outcome.error.empty())
      outcome.error = fmt::format(
          "the copy {}/{} was lost after the source had gone, and its state with it, as when a pod dies without a "
          "migration",
          outcome.ns, outcome.target_pod);
  } else if (elsewhere) {
    if (outcome.result == Result::done) outcome.result = Result::undone;
    if (outcome.error.empty())
      outcome.error = fmt::format("the restore on {} failed; the process was brought back on {}", outcome.target_node,
                                  outcome.source_node);
  }
}

void Migrator::Impl::undo(Journal& journal, Outcome& outcome, Seconds limit,
                          const std::function<void()>& source_decided) {
  Operations operations(ports);
  const auto stage = [&](Stages stages, bool stop_at_failure) {
    Settlement settled = settle(journal, Direction::undo, operations, observer, {limit, stages, stop_at_failure});
    for (auto& text : settled.done) outcome.undone.push_back(std::move(text));
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.undone.clear();
  outcome.leftovers.clear();
  const bool back = stage(kSourceBack, true);
  if (source_decided) source_decided();
  stage(kCopy, false);
  // While the source is not back, its queues and the dead man's switch, which sends it back, must stay.
  if (back) stage(kQueues, false);
  stage(kNodes, false);
  if (outcome.leftovers.empty()) stage(kLease, false);
  outcome.result = outcome.leftovers.empty() ? Result::undone : Result::leftovers;
  outcome.resumable = !outcome.leftovers.empty();
  const std::string nobody =
      journal.begin().value("protocol", "") == "none"
          ? "nobody for certain: the source could not be thawed; this does it: " +
                remedy::command(remedy::Command::resume_migration, {}, {journal.begin().value("id", "")})
          : "nobody for certain: the source could not be sent back; the dead man's switch will, if it is armed";
  outcome.serving = back ? who_serves(outcome, false, journal.begin().value("source_uid", "")) : nobody;
  journal.end(outcome.result);
}

}  // namespace ms2m
