// How a migration goes: one value, decided once from what was asked for and what was found. Whoever comes after reads
// it and decides nothing of it again.
#pragma once
#include <string>

#include "ms2m/request.hpp"

namespace ms2m {

/// Who made the pod, and so who swaps it.
enum class Workload { bare_pod, replica_set, stateful_set };
const char* to_string(Workload workload) noexcept;  // "pod", "ReplicaSet", "StatefulSet"

/// The list of steps; one file each in src/strategy/.
enum class Course {
  handoff,     ///< a copy waits beside the source; nobody works while the data moves
  shadow,      ///< the same, and the source serves on meanwhile
  fanout,      ///< the published procedure, for comparison
  valve,       ///< handoff of a consumer without the control protocol: behind the valve, from a frozen source
  in_place,    ///< handoff of a StatefulSet's pod: the source goes before the copy comes under its name
  sequential,  ///< the published baseline: the same, in the time that the source's own termination takes
  replay,      ///< of a stream: a fresh pod reads it up to the offset at which the source has stopped
  hybrid,      ///< of a stream: the same by a restored copy, which goes on from where it was at the checkpoint
};

const char* to_string(Course course) noexcept;  // "handoff", "in_place", ...

/// Who ends the source once the copy serves.
enum class SourceEnd {
  adoption,  ///< its ReplicaSet, which adopts the copy
  deletion,  ///< ms2m deletes the pod
  kill,      ///< the same, and kills the frozen process on its node
  scaling,   ///< its set's controller (or, of a bare pod, ms2m), before its copy comes
};

const char* to_string(SourceEnd end) noexcept;  // "adoption", ...

/// How the copy's process comes to be.
enum class Restoring {
  image,    ///< from a checkpoint image in its node's store, as published
  handler,  ///< by ms2m's own OCI runtime handler, from the data itself (node_restore.hpp)
  fresh,    ///< from the pod's own image, without any memory
};
const char* to_string(Restoring restoring) noexcept;  // "image", "handler", "fresh"

struct Procedure {
  Strategy strategy = Strategy::shadow;  ///< what --replay fanout and --protocol none leave of what was asked for
  Replay replay = Replay::exact;
  Protocol protocol = Protocol::control;
  Workload workload = Workload::bare_pod;
  Course course = Course::shadow;
  SourceEnd source_end = SourceEnd::deletion;
  SourceExit source_exit = SourceExit::kill;
  Carriage carriage = Carriage::relay;  ///< direct: while the nodes reach each other
  Compression compression = Compression::none;
  Restoring restoring = Restoring::image;
  CheckpointBy checkpoint = CheckpointBy::kubelet;
  Pages pages = Pages::files;
  unsigned rounds = 0;                         ///< of pre-copy
  std::string source_runtime, target_runtime;  ///< "cri-o://1.36.1", as the nodes say; empty: not known

  /// The source goes before its copy comes: no copy waits, and the source's node must be able to restore it too.
  bool source_first() const { return course == Course::in_place || course == Course::sequential; }
  /// The copy serves under a name of its own first, then takes the source's by a second migration on the target.
  bool renamed_later() const {
    return (course == Course::shadow || course == Course::valve) && workload == Workload::stateful_set;
  }
  /// It stands frozen from before its copy may start until its end.
  bool freezes_source() const { return course == Course::valve; }
  /// In the end a pod has the source's name, and so its control queue.
  bool keeps_name() const { return source_first() || workload == Workload::stateful_set; }
  bool by_handler() const { return restoring == Restoring::handler; }
  /// Through a tee to both copies.
  bool relays() const { return course == Course::shadow; }
  /// Both copies read one log, each for itself.
  bool of_stream() const { return course == Course::replay || course == Course::hybrid; }
  /// The process's memory comes from the source's own, while the copy is restored or after.
  bool memory_follows() const { return pages != Pages::files; }
  /// The process's memory moves, so both nodes are worked on; else nothing is done there but by their kubelets.
  bool moves_memory() const { return course != Course::replay; }
  /// What it does is told by the broker's management API alone: exact counts, connections, bindings, a queue's type.
  bool needs_management() const { return course == Course::valve || course == Course::fanout || of_stream(); }
};

}  // namespace ms2m
