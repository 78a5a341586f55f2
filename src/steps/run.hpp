// What one migration knows while it runs.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handover/queue_names.hpp"
#include "journal/journal.hpp"
#include "ms2m/event.hpp"
#include "ms2m/migrator.hpp"
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

  std::string phase_note{};  ///< for the table, of the phase that runs
  bool incomplete = false;   ///< the rest is for whoever finishes the journal

  /// An event of type detail.
  void tell(Phase phase, const std::string& text) const;
  void warn(const std::string& text, const std::string& remedy) const;
  void set_lease_phase(Phase phase, const StopToken& stop) const;
};

}  // namespace ms2m
