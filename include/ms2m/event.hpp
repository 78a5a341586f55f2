// What the library tells about its progress. Library code never logs: it emits Events to an Observer.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ms2m/units.hpp"

namespace ms2m {

/// The phases of a migration, named as baseline.md names them; `Preparing` is all before the first effect on the
/// source.
enum class Phase { preparing, checkpointing, transferring, restoring, replaying, finalizing };
const char* to_string(Phase phase) noexcept;  // "Preparing", "Checkpointing", ...
std::optional<Phase> phase_of(std::string_view word) noexcept;

struct Event {
  enum class Type {
    phase_started,   ///< phase
    phase_finished,  ///< phase, elapsed, text = a note for the phase table
    step,            ///< phase, text: a line of the plan was carried out
    detail,          ///< phase, text: what came of it ("pod consumer-0 is quiet")
    progress,        ///< phase, done/total bytes
    note,            ///< text: for the operator's information ("queue app.events, from annotation ms2m.io/queue")
    warning,         ///< text, remedy
    undo,            ///< text, ok: one undo entry was carried out (or was not)
    hook,            ///< text: a line that a hook has written, with its name before it
  };
  Type type = Type::note;
  Phase phase = Phase::preparing;
  std::string text;
  std::string remedy;
  Seconds elapsed{0};
  Bytes done{};
  std::optional<Bytes> total{};
  std::optional<Bytes> travelled{};  ///< of `done`, as it went; nullopt: as it is
  bool ok = true;
};

/// Receives events. on() is called from the coordinator's thread and from worker threads of the data path; an
/// implementation locks for itself, returns quickly and never throws.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on(const Event& event) noexcept = 0;
};

}  // namespace ms2m
