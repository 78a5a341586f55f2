// The steps of a migration that its strategies share. Each writes its effect to the journal, with its undo and its
// finish, before it happens.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "journal/journal.hpp"
#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/plan.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// What is known of a copy that was given the queue.
enum class Handed {
  unknown,
  unserved,  ///< it was watched all the time since, and never consumed
  served,
};

/// What one run knows and measures; made once per migration, handed to every step.
struct Run {
  const Migrator::Ports& ports;
  const MigrationRequest& request;
  const Facts& facts;
  const Plan& plan;
  Journal& journal;
  Observer& observer;
  QueueNames names;
  std::uint64_t other_consumers = 0;  ///< of the primary, besides the source (only with --allow-competing)
  /// The source's addresses, where --allow-competing lets others consume the primary too, and they can be told apart by
  /// them; else empty, and the others are a number that must not change.
  std::vector<std::string> source_addresses{};
  std::vector<std::string> target_addresses{};  ///< as soon as its pod has any
  std::string source_instance{};                ///< container and restarts of the source when it became quiet
  std::string target_instance{};                ///< of the copy when it was seen to live
  std::string source_connection{};              ///< of its consumer at the broker (only without the control protocol)

  std::unique_ptr<DeadMan> dead_man{};
  std::unique_ptr<Valve> valve{};
  std::unique_ptr<Pump> pump{};
  std::string archive{};             ///< path on the source node
  std::string checkpoint_image{};    ///< ID; the same on every node, as config and layer are
  std::uint64_t ready_at_quiet = 0;  ///< messages in the primary
  std::optional<TimePoint> warm_at{}, quiet_at{}, serving_again_at{}, fenced_at{}, target_at{};
  Handed hand_over = Handed::unknown;
  Measures measures{};

  void step(Phase phase, const std::string& text) const;
  void warn(const std::string& text, const std::string& remedy) const;
  void set_lease_phase(Phase phase, const StopToken& stop) const;
};

// steps_prepare.cpp
void take_lease(Run& run, const StopToken& stop);
void declare_queues(Run& run, const StopToken& stop);
void create_target_pod(Run& run, const StopToken& stop);
/// Throws Error{refused} when admission made of the target pod what no kubelet could restore.
void check_admitted(const Run& run, const Json& admitted);
/// Until the pod waits for its image.
void wait_target_warm(Run& run, const StopToken& stop);
/// Until the pod has waited so long that the kubelet answers the kick at once.
void wait_kick_works(const Run& run, const StopToken& stop);
void arm_dead_man(Run& run, const StopToken& stop);

// steps_checkpoint.cpp
/// Throws Error{refused} for what check_consumer() has against it: the preflight may have come before the broker named
/// it.
void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue);
/// Afterwards nothing that was delivered to the source is unacknowledged, and it listens to `queue`. Makes up for a
/// preflight that could not see the source's consumer yet.
void make_source_quiet(Run& run, const StopToken& stop);
/// Throws Error{inconsistent} unless the source is the very process that became quiet, and still is: `on_hold`
/// consumers of the hold queue, nobody new on the primary, the dead man's switch not fired. A connection that was lost
/// and is made again within the request's time for that is no harm: it is waited for.
void check_still_quiet(Run& run, std::uint64_t on_hold, const StopToken& stop);
/// Throws Error{inconsistent} when the primary has more consumers than `ours` of ms2m's own and those that were there
/// before: a copy that lost its connection and went back to the primary has taken messages that the other one never
/// gets.
void check_nobody_came(const Run& run, std::uint64_t ours, const StopToken& stop);
/// Throws Error{inconsistent} when the switch has fired; says so when it did because ms2m was stopped.
void check_dead_man(const Run& run);
/// The dead man's switch and the relay; cheap, for every loop that waits.
void check_guards(const Run& run);
/// Holds back what is in the primary and what comes. Error{failed} when more waits than the valve can keep in order,
/// unless the request allows that.
void close_valve(Run& run, const StopToken& stop);
/// ID and restarts of the source's container: one that was started again is another process, although the pod is the
/// same. Error{inconsistent} when the pod is gone.
std::string instance_of(Run& run, const StopToken& stop);
/// The archive alone; nothing is checked after it.
void take_checkpoint(Run& run, const StopToken& stop);
/// Afterwards the archive is a process that listens to the hold queue: quiet was checked again after the dump.
void checkpoint(Run& run, const StopToken& stop);

// steps_restore.cpp
/// The image's architecture for a container of that node.
std::string architecture_of(const NodeFacts& node);
void transfer(Run& run, const StopToken& stop);
/// The same, but the image comes under another name, so that no kubelet can start the target pod from it yet.
void transfer_as(Run& run, const std::string& image, const StopToken& stop);
/// Kicks the kubelet and returns when the restored process lives and listens to `queue`, as one of `consumers`.
void restore(Run& run, const std::string& queue, std::uint64_t consumers, const StopToken& stop);
/// Where the copy is proven to be, as one of `consumers` of a queue, `ours` of them ms2m's own.
Arrival arrival_of(const Run& run, const std::string& queue, std::uint64_t consumers, std::uint64_t ours);

// steps_pivot.cpp
/// Throws Error{inconsistent} when the copy does not live any more, or is another process than the one that was
/// restored, or the dead man's switch has fired. Returns: the journal says "pivoted".
void pivot(Run& run, const StopToken& stop);
/// The pivot without a hand-over: only the dead man's message is taken (and the marker left), for a target that does
/// not exist yet.
void disarm(Run& run, const StopToken& stop);
/// Until the target, which has the queue, consumes it. Should it not do so, Run::hand_over says what was seen.
void wait_target_serving(Run& run);

}  // namespace ms2m
