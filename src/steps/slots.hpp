// What steps hand to each other while a migration runs. Each slot is written by the steps that are named here, and read
// by later ones; a step is given those that it uses.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "ms2m/node.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/stop.hpp"
#include "steps/memory_flow.hpp"

namespace ms2m {

/// The source as it became quiet: QuiesceSource, or without the control protocol DrainSource; then KnowSource.
struct QuietSource {
  std::optional<TimePoint> since{};  ///< nullopt: it is not (the published procedure)
  std::string instance{};            ///< container ID and restarts
  std::uint64_t ready = 0;           ///< messages in the primary then
  std::uint64_t others = 0;          ///< consumers of the primary besides it (only with --allow-competing)
  /// Its addresses, where --allow-competing lets others consume the primary too, and they can be told apart by them;
  /// else empty, and the others are a number that must not change.
  std::vector<std::string> addresses{};
};

/// The copy's pod as it waits for its image, or its data: AwaitTargetWaiting, BindCopy.
struct WaitingCopy {
  std::optional<TimePoint> since{};
  std::vector<std::string> addresses{};  ///< as soon as it has any; the pivot looks again
};

/// The copy when it was seen to live: the restore steps.
struct LivingCopy {
  std::string instance{};              ///< container ID and restarts
  std::optional<Seconds> reconnect{};  ///< from when it was seen running until it had connected
};

/// The source's consumer at the broker: FindConnection.
struct SourceConnection {
  std::string name{};
};

/// ms2m's own connections that act while others wait: ArmDeadMan; QuiesceSource or DrainSource; StartRelay, which opens
/// the valve and lets go of it. Empty: not yet, or not in this strategy.
struct OwnConnections {
  std::unique_ptr<DeadMan> dead_man{};
  std::unique_ptr<Valve> valve{};
  std::unique_ptr<Pump> pump{};
  std::unique_ptr<MemoryFlow> memory{};  ///< to the copy, by the sessions with the nodes: Restore (Pages::lazy)
};

/// The checkpoint on the source node: the checkpoint steps.
struct TakenCheckpoint {
  Checkpoint is{};
  int removal = 0;  ///< the effect in the journal whose finish removes it
  Bytes pages{};    ///< of memory that were kept back in it
};

/// What was carried while the source worked: PreCopy.
struct PreCopied {
  unsigned rounds = 0;
  Bytes bytes{};
  std::optional<Bytes> travelled{};  ///< of `bytes`, as they went; nullopt: as they are
  std::vector<Stretch> pauses{};     ///< of the source
};

/// What it has become on the target: Transfer.
struct ImportedImage {
  std::string id{};  ///< the same on every node, as config and layer are
};

/// Or, for the runtime handler: BringData.
struct BroughtData {
  std::string sha256{};  ///< of the archive that it was
};

/// When the queue was worked on again, or no more, after the source had become quiet.
struct Timeline {
  std::optional<TimePoint>
      serving_again{};                ///< by the source, through the relay or from its stream: StartRelay, SourceGoesOn
  std::optional<TimePoint> fenced{};  ///< the relay's end, or the source's last message after it: CutOver, HaltSource
  std::optional<TimePoint> given{};   ///< the queue to the target: Pivot
  std::optional<TimePoint> target{};  ///< by the target: the last step
};

/// What is known of a copy that was given the queue: AwaitTargetServing.
enum class Handed {
  unknown,
  unserved,  ///< it was watched all the time since, and never consumed
  served,
};

}  // namespace ms2m
