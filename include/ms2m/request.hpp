// What the operator asked for. Values only; the cli fills it, the planner reads it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/carriage.hpp"
#include "ms2m/compression.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/place.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

enum class Strategy {
  handoff,     ///< quiet, checkpoint, restore, hand the queue over: no message is processed twice
  shadow,      ///< the source serves on while the copy catches up through the tee
  sequential,  ///< the published baseline: scale down, wait, restore under the same name, scale up
  replay,      ///< the queue is a stream: the target reads it, too; a fresh pod, or one restored from a checkpoint
};
const char* to_string(Strategy strategy) noexcept;

enum class Replay { exact, fanout };    ///< fanout: the published procedure, for comparison; it loses and doubles
enum class Protocol { control, none };  ///< none: the consumer knows no control protocol (handoff only)
enum class Prefer { gap, total };       ///< what to make small: the time without processing, or the whole migration
enum class CheckpointBy {
  kubelet,  ///< its checkpoint API
  runtime,  ///< the node's own OCI runtime, asked by the node program
};
const char* to_string(CheckpointBy by) noexcept;  // "kubelet", "runtime"
enum class Pages {
  files,   ///< of memory lie in the checkpoint
  stream,  ///< are fetched from the source's memory while the copy is restored, all of them before it is handed the
           ///< queue
  lazy,    ///< the same, but the copy is handed the queue as soon as it lives: what it has done until it has the last
           ///< of them is lost should either node, or ms2m, die before
  automatic,  ///< stream where that pays and both nodes can, else files; in no Procedure
};
const char* to_string(Pages pages) noexcept;  // "files", "stream", "lazy", "auto"
/// How the source's process ends, once its state goes on elsewhere.
enum class SourceExit {
  kill,      ///< at once, on its node: nothing of its own code runs any more
  graceful,  ///< by its kubelet: preStop hooks, SIGTERM, the pod's grace period
};
const char* to_string(SourceExit exit) noexcept;         // "kill", "graceful"
enum class RestoreChoice { automatic, handler, image };  ///< automatic: the handler, where the target has it
enum class KubeletPath { proxy, direct };

struct StepTimeouts {
  Seconds connect{10};
  Seconds quiet{10};  ///< source quiet after START_REPLAY before the valve is closed
  Seconds checkpoint{120};
  Seconds transfer{600};
  Seconds restore{120};
  Seconds replay{300};
  Seconds serve{30};    ///< target consumes the queue after the pivot, before it is withdrawn
  Seconds retire{120};  ///< source gone after its deletion
  Seconds undo{60};     ///< each undo entry
};

inline constexpr const char* kFromCheckpoint = "checkpoint";

/// What could not be found out about the broker and the queue, and what cures it.
struct Unresolved {
  std::string text;
  std::string cure;
};

struct MigrationRequest {
  std::string ns;  ///< empty: the context's
  std::string pod;
  std::string target_node;
  std::string container;    ///< empty: the only one, or the annotation kubectl.kubernetes.io/default-container
  std::string target_name;  ///< empty: chosen by the planner
  std::string queue;        ///< already resolved by the cli
  std::vector<Unresolved> unresolved{};  ///< for plan and check: there is no broker to ask then
  Strategy strategy = Strategy::shadow;
  Replay replay = Replay::exact;
  /// Strategy::replay: "first", an offset or an RFC 3339 time; empty: where the source began; kFromCheckpoint: where it
  /// is at a checkpoint, from which the target is restored.
  std::string from{};
  /// Strategy::replay: asked where an application is that does not answer STATUS, by /bin/sh; empty: it answers. It may
  /// hold a secret: it is in no journal, and in nothing that is told.
  std::string offset_command{};
  Protocol protocol = Protocol::control;
  Prefer prefer = Prefer::gap;
  KubeletPath kubelet = KubeletPath::proxy;
  RestoreChoice restore = RestoreChoice::automatic;
  CheckpointBy checkpoint = CheckpointBy::kubelet;
  Pages pages = Pages::files;
  std::optional<SourceExit> source_exit{};  ///< nullopt: graceful for sequential, else kill
  bool dry_run = false;

  Millis dead_man{15000};
  Millis downtime_limit{300};
  std::uint64_t relay_window = 0;     ///< messages; 0: half of what the source manages within the dead man's time
  std::uint64_t max_held = 100000;    ///< messages that the valve may hold
  Bytes max_held_bytes{1073741824};   ///< of their bodies: the broker has them in its memory meanwhile
  Millis freeze_limit{10000};         ///< of a source that is at work
  Seconds cutoff{120};                ///< fanout only
  std::optional<unsigned> precopy{};  ///< rounds of it; nullopt: where it pays
  std::optional<Bytes> bandwidth{};   ///< a second, of the checkpoint's way; not 0
  Compression compression = Compression::none;
  Carriage carriage = Carriage::relay;  ///< direct: as long as the nodes reach each other
  bool allow_competing = false;
  bool allow_other_queues = false;
  bool allow_hostpath = false;
  bool accept_volume_loss = false;
  bool take_over_lease = false;
  std::vector<Hook> hooks{};
  Seconds hook_limit{60};  ///< each
  StepTimeouts timeouts;
  Place place{};  ///< for the commands in what is said
};

}  // namespace ms2m
