// What came of a migration (or of abort, resume, cleanup): the one value that goes back up to the cli.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/event.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/node.hpp"
#include "ms2m/units.hpp"
#include "ms2m/waiting.hpp"

namespace ms2m {

enum class Result {
  done,                ///< exit 0
  undone,              ///< failed, everything undone: exit 1
  leftovers,           ///< failed, something is left: exit 3
  refused,             ///< nothing was touched: exit 4
  cleanup_incomplete,  ///< migrated, but something of ms2m is left: exit 5
};
const char* to_string(Result result) noexcept;  // "done", "undone", ...

/// Who takes work from the queue.
enum class ServedBy {
  not_said,      ///< refused before that was looked at
  source,        ///< the process that was to be moved, on the source node
  target,        ///< it, or its copy, on the target node
  started_anew,  ///< what a controller has started in its place, without its state
  nobody,
  uncertain,  ///< nobody for certain
  unknown,    ///< it could not be found out
};
const char* to_string(ServedBy by) noexcept;  // "source", "started_anew", ...; empty: not_said

struct Serving {
  ServedBy who = ServedBy::not_said;
  std::string ns{}, pod{}, node{};  ///< of the pod that serves; empty: none does
  bool on_target = false;           ///< its node
  std::string why{};                ///< of nobody, uncertain, unknown, started_anew; what is to be added of the others

  bool nobody() const noexcept { return who == ServedBy::nobody || who == ServedBy::uncertain; }
};
/// "target pod default/consumer-0 on worker-2, not Ready yet"; "nobody: pod default/consumer-0 is gone"; begins with
/// source, target, nobody or unknown. Empty: not_said.
std::string to_string(const Serving& serving);

/// Something that ms2m could not remove, and the command that does.
struct Leftover {
  std::string what;
  std::string command;
};

struct PhaseTiming {
  Phase phase;
  Seconds elapsed{0};
  std::string note;
};

/// A stretch of time, and what it was for.
struct Stretch {
  std::string what;
  Seconds length{0};
};

/// Pages of memory in the checkpoint, and those of them that were carried with it; the others were before.
struct CarriedPages {
  std::uint64_t all = 0, carried = 0;
};

/// Offsets of a stream; -1: of no message.
struct StreamOffsets {
  std::int64_t first = -1;              ///< where the target's state begins; -1: it is not told
  std::int64_t checkpoint = -1;         ///< the last message before the checkpoint; -1: there was none
  std::int64_t stop = -1;               ///< the last message of the source
  std::int64_t cut_over = -1;           ///< the last message of the target when it was given the stream
  std::optional<bool> same_state{};     ///< both told their states there; nullopt: they do not tell it
  std::optional<double> replay_rate{};  ///< messages/s of the target while it caught up
};

/// Messages that waited in a queue, as the broker was asked at some time anyway.
struct DepthSample {
  Seconds at{0};  ///< since the migration began
  std::string queue;
  std::uint64_t ready = 0;
};

/// What the operator changed while it ran.
struct Change {
  Seconds at{0};
  std::string option, value;  ///< "downtime-limit", "500ms"
};

/// Measured while it ran; absent where it does not apply or was not reached.
struct Measures {
  Seconds total{0};                     ///< until nothing of ms2m is left
  std::optional<Seconds> served;        ///< of it: until the target consumed the queue, under the name that it keeps
  std::optional<Seconds> source_pause;  ///< source quiet until it (shadow) or the target (handoff) works again
  std::optional<Seconds>
      gap;  ///< no message is worked on: from the last that the source could have until the target consumes
  std::optional<Seconds> reconnect;   ///< the copy runs until it has connected: its own back-off
  std::optional<Bytes> bytes;         ///< size of the checkpoint archive, as it was carried
  std::optional<Bytes> travelled;     ///< of `bytes`, as they went; absent: as they are
  std::optional<Bytes> precopied;     ///< carried before, while the source worked
  std::optional<Bytes> precopy_travelled;  ///< of these
  std::optional<CarriedPages> pages;  ///< where some were
  std::optional<Carriage> carriage;   ///< how it was carried
  std::optional<std::uint64_t> held;  ///< messages waiting in the primary (handoff) at the pivot, or held by the valve
  std::optional<std::uint64_t> relayed;
  std::optional<std::uint64_t> returned;
  std::optional<Seconds> frozen;       ///< the source, at work, while the valve closed
  std::optional<Seconds> lazy_window;  ///< Pages::lazy: from the hand-over until the copy had the last of its memory
  std::optional<double> arrival_rate;  ///< messages/s
  std::optional<double> service_rate;
  std::optional<Seconds> dead_man_margin;
  std::optional<StreamOffsets> stream;  ///< Strategy::replay
  std::vector<Stretch> pauses;          ///< every time in which no message was worked on, in their order
  std::vector<Waited> critical_path;    ///< what total was waited for, without a gap; empty: it was not measured
  std::vector<DepthSample> depths{};    ///< in the order of time
};

struct Outcome {
  Result result = Result::done;
  bool interrupted = false;  ///< by a signal: exit 130 whatever the result
  std::string id;            ///< of the migration; empty when refused before there was one
  std::string strategy;
  std::string ns, source_pod, source_node, target_pod, target_node, queue;
  std::optional<Phase> failed_phase;
  std::string error;  ///< one sentence; empty when done
  std::string remedy;
  Serving serving;  ///< who takes work from the queue now
  std::vector<std::string> undone;
  std::vector<Leftover> leftovers;
  bool resumable = false;
  std::vector<HookRun> hooks{};
  std::vector<Change> changes{};
  std::vector<PhaseTiming> phases;
  Measures measures;
  std::optional<Seconds> wall;     ///< of the whole command; measures.total is the migration's alone
  std::vector<Stretch> outside;    ///< what of wall is not in measures.total, in its order
  std::optional<NodeUsage> nodes;  ///< absent when no node was to be asked
};

/// A hook that has failed once the target served, or in the end.
const HookRun* failed_hook(const Outcome& outcome) noexcept;

/// 0 done, 1 undone, 3 leftovers, 4 refused, 5 cleanup incomplete, 6 done but for a failed_hook(), 130 interrupted.
int exit_status(const Outcome& outcome) noexcept;

}  // namespace ms2m
