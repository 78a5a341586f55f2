// Carrying out what the journal says: undo (before the pivot) or finish (after it), each entry once, singly reported.
#pragma once
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"
#include "undo/operations.hpp"

namespace ms2m {

// Rows of stages that the coordinator carries out as one.
inline constexpr Stages kBeforeServing{Stage::clear_way, Stage::restore}, kServing{Stage::clear_way, Stage::serve},
    kRetiring{Stage::end_idle_source, Stage::source}, kTidying{Stage::owner, Stage::copy_image_name};
inline constexpr Stages kSourceBack{Stage::clear_way, Stage::source}, kCopy{Stage::owner, Stage::marks},
    kQueues{Stage::queues, Stage::copy_image_name};
inline constexpr Stages kNodes{Stage::files, Stage::staged_names}, kLease{Stage::lease, Stage::lease};

enum class Direction { undo, finish };

struct Applied {
  std::vector<std::string> done;
  std::vector<Leftover> left;
  std::vector<int> left_numbers;  ///< their effects', in the same order
  bool stopped = false;           ///< by a failure on which the rest builds
};

/// Runs the open entries of the journal, stage by stage. An entry that fails is reported and the next one tried; each
/// has the limit. Never throws. Only entries of these stages: the coordinator finishes a move stage by stage, and what
/// is to be done on the nodes beside the rest (two calls with disjoint stages may run at once). With `stop_at_failure`
/// the entries after a failed one are left for a resume, because they build on it.
struct ApplyOptions {
  Seconds limit{60};
  Stages stages{};
  bool stop_at_failure = false;
};
Applied apply(Journal& journal, Direction direction, Operations& operations, Observer& observer,
              const ApplyOptions& options);

}  // namespace ms2m
