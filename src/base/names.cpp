// The words for the enumerations of the public headers.
#include "ms2m/compression.hpp"
#include "ms2m/event.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

const char* to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::preparing:
      return "Preparing";
    case Phase::checkpointing:
      return "Checkpointing";
    case Phase::transferring:
      return "Transferring";
    case Phase::restoring:
      return "Restoring";
    case Phase::replaying:
      return "Replaying";
    case Phase::finalizing:
      return "Finalizing";
  }
  return "?";
}

std::optional<Phase> phase_of(std::string_view word) noexcept {
  for (const Phase phase : {Phase::preparing, Phase::checkpointing, Phase::transferring, Phase::restoring,
                            Phase::replaying, Phase::finalizing})
    if (word == to_string(phase)) return phase;
  return std::nullopt;
}

const char* to_string(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::handoff:
      return "handoff";
    case Strategy::shadow:
      return "shadow";
    case Strategy::sequential:
      return "sequential";
    case Strategy::replay:
      return "replay";
  }
  return "?";
}

const char* to_string(Result result) noexcept {
  switch (result) {
    case Result::done:
      return "done";
    case Result::undone:
      return "undone";
    case Result::leftovers:
      return "leftovers";
    case Result::refused:
      return "refused";
    case Result::cleanup_incomplete:
      return "cleanup_incomplete";
  }
  return "?";
}

const char* to_string(ServedBy by) noexcept {
  switch (by) {
    case ServedBy::not_said:
      return "";
    case ServedBy::source:
      return "source";
    case ServedBy::target:
      return "target";
    case ServedBy::started_anew:
      return "started_anew";
    case ServedBy::nobody:
      return "nobody";
    case ServedBy::uncertain:
      return "uncertain";
    case ServedBy::unknown:
      return "unknown";
  }
  return "?";
}

const char* to_string(Workload workload) noexcept {
  switch (workload) {
    case Workload::bare_pod:
      return "pod";
    case Workload::replica_set:
      return "ReplicaSet";
    case Workload::stateful_set:
      return "StatefulSet";
  }
  return "?";
}

const char* to_string(Course course) noexcept {
  switch (course) {
    case Course::handoff:
      return "handoff";
    case Course::shadow:
      return "shadow";
    case Course::fanout:
      return "fanout";
    case Course::valve:
      return "valve";
    case Course::in_place:
      return "in_place";
    case Course::sequential:
      return "sequential";
    case Course::replay:
      return "replay";
    case Course::hybrid:
      return "hybrid";
  }
  return "?";
}

const char* to_string(SourceEnd end) noexcept {
  switch (end) {
    case SourceEnd::adoption:
      return "adoption";
    case SourceEnd::deletion:
      return "deletion";
    case SourceEnd::kill:
      return "kill";
    case SourceEnd::scaling:
      return "scaling";
  }
  return "?";
}

const char* to_string(SourceExit exit) noexcept {
  switch (exit) {
    case SourceExit::kill:
      return "kill";
    case SourceExit::graceful:
      return "graceful";
  }
  return "?";
}

const char* to_string(RestoreState state) noexcept {
  switch (state) {
    case RestoreState::unknown:
      return "unknown";
    case RestoreState::prepared:
      return "prepared";
    case RestoreState::taken:
      return "taken";
    case RestoreState::restored:
      return "restored";
    case RestoreState::done:
      return "done";
    case RestoreState::voided:
      return "void";
  }
  return "?";
}

const char* to_string(Compression compression) noexcept {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::zstd:
      return "zstd";
    case Compression::automatic:
      return "auto";
  }
  return "?";
}

const char* to_string(Carriage carriage) noexcept {
  switch (carriage) {
    case Carriage::relay:
      return "relay";
    case Carriage::direct:
      return "direct";
    case Carriage::registry:
      return "registry";
  }
  return "?";
}

const char* to_string(Pages pages) noexcept {
  switch (pages) {
    case Pages::files:
      return "files";
    case Pages::stream:
      return "stream";
    case Pages::lazy:
      return "lazy";
    case Pages::automatic:
      return "auto";
  }
  return "?";
}

const char* to_string(CheckpointBy by) noexcept { return by == CheckpointBy::kubelet ? "kubelet" : "runtime"; }

const char* to_string(Restoring restoring) noexcept {
  switch (restoring) {
    case Restoring::image:
      return "image";
    case Restoring::handler:
      return "handler";
    case Restoring::fresh:
      return "fresh";
  }
  return "?";
}

const char* to_string(HookPoint point) noexcept {
  switch (point) {
    case HookPoint::before_quiet:
      return "before-quiet";
    case HookPoint::after_pivot:
      return "after-pivot";
    case HookPoint::end:
      return "end";
  }
  return "?";
}

std::optional<HookPoint> hook_point_of(std::string_view word) noexcept {
  for (const HookPoint point : {HookPoint::before_quiet, HookPoint::after_pivot, HookPoint::end})
    if (word == to_string(point)) return point;
  return std::nullopt;
}

const HookRun* failed_hook(const Outcome& outcome) noexcept {
  for (const HookRun& run : outcome.hooks)
    if (run.at != HookPoint::before_quiet && !run.failure.empty()) return &run;
  return nullptr;
}

int exit_status(const Outcome& outcome) noexcept {
  if (outcome.interrupted) return 130;
  switch (outcome.result) {
    case Result::done:
      return failed_hook(outcome) == nullptr ? 0 : 6;
    case Result::undone:
      return 1;
    case Result::leftovers:
      return 3;
    case Result::refused:
      return 4;
    case Result::cleanup_incomplete:
      return 5;
  }
  return 1;
}

}  // namespace ms2m
