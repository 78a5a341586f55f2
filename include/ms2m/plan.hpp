// The plan: every mutation in order with its undo, and the findings of the preflight. Pure values; what `ms2m plan` and
// `ms2m check` print and what the coordinator carries out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/node.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/procedure.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

enum class Level { ok, warning, refusal };

/// One preflight finding. `check` is a stable word ("target-node", "base-image", ...); a refusal names cause and cure.
struct Finding {
  std::string check;
  Level level = Level::ok;
  std::string text;
  std::string cure;
  bool asked = true;  ///< false: the question could not be asked, or was not answered; that is not "no"
};

struct PlannedStep {
  Phase phase;
  std::string text;  ///< "declare queue ms2m.m7k2q9.hold"
  std::string undo;  ///< "delete queue ms2m.m7k2q9.hold"; empty: nothing to undo
};

struct PredictedPhase {
  Phase phase;
  Seconds elapsed{0};
  std::string basis;          ///< "archive of about 20 MB at 100 MB/s"
  Seconds least{0}, most{0};  ///< most moves lie between them
};

struct Plan {
  std::string id;
  Procedure procedure;
  bool is_rename =
      false;          ///< of a shadow of a StatefulSet's pod: the source is ms2m's own copy and need not end gently
  std::string owner;  ///< name of the ReplicaSet or StatefulSet; empty for a bare pod
  std::string ns, source_pod, source_uid, source_node, target_pod, target_node, container, queue;
  std::string source_control_queue, target_control_queue, hold_queue, dead_man_queue;
  std::string image;              ///< name of the checkpoint image in the target pod; empty: the handler restores it
  std::string stored_image;       ///< and in the nodes' stores, which know no short names
  Landing target_landing;         ///< of the archive, as the carrier says
  Landing source_landing;         ///< and should the process have to go back
  std::string registry_name;      ///< Carriage::registry: of the checkpoint there; else empty
  Json target_spec;               ///< the target pod as it will be created
  std::vector<std::string> diff;  ///< unified-diff-like lines, source pod -> target pod
  std::vector<Finding> findings;
  std::vector<PlannedStep> steps;
  std::vector<PredictedPhase> predicted;
  std::optional<Seconds> lazy_window{};  ///< Pages::lazy: about so long the copy has not all of its memory
  std::vector<std::string> notes;  ///< what this mode can lose or double, side effects, dropped init containers
  bool refused() const {
    for (const auto& f : findings)
      if (f.level == Level::refusal) return true;
    return false;
  }
};

}  // namespace ms2m
