// The journal of one migration: JSON Lines, one record a line, fsynced before the effect that it announces. "settled"
// alone becomes durable with the next one: without it, what was carried out is carried out again, which does no harm.
//
// Records (field "type"): begin (once; JournalSummary's fields, the request), effect {n, phase, text, undo, finish}:
// written BEFORE the effect, pivot_intent, pivoted, settled {n, ok, how}: an undo or finish of effect n was carried
// out, end {result}. may_have_served: after "pivoted", it is not certain any more that the target has taken nothing.
// turned_back: after "pivoted", the target is lost or withdrawn, so it is undone all the same. hook {at, number},
// hook_ended {at, number, ok, how}, changed {option, value}: for who reads it; nothing follows from them. `undo` and
// `finish` are operations (operation.hpp): undo is carried out when the migration is given up before the pivot, finish
// when it is completed after it. The format has a version ("v", of the first record and of every later one that differs
// from it); a reader knows the earlier ones and refuses a newer one. Since version 3 each record has a checksum
// (line.hpp).
// A last line that a crash tore is as if it had not been written: what it announces has not been done. Any other line
// that is no record makes the journal unreadable: what was done is not known then, and nobody guesses. So does a whole
// line with an operation that its version does not have, or with another checksum than its own. For the reader of a
// file: ms2m-journal(5).
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/main_line.hpp"
#include "journal/operation_record.hpp"
#include "ms2m/entry_watch.hpp"
#include "ms2m/event.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/place.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m {

/// What decides whether a migration is to be finished or undone.
enum class Mark {
  pivot_intent,     ///< the pivot is about to be committed: whether it was, the broker says
  pivoted,          ///< the target owns the queue
  turned_back,      ///< and after all it does not: it cannot serve, so everything is undone
  may_have_served,  ///< a copy that does not consume was out of sight for a while: what it has done is in it alone
};

struct Effect {
  int n = 0;
  Phase phase = Phase::preparing;
  std::string text;
  std::optional<Operation> undo, finish;  ///< nullopt: nothing to undo, to finish
  bool settled = false;
  std::string t;  ///< when it was announced
};

/// An operation of a journal, and whether it was carried out.
template <class Op>
struct Recorded {
  Op operation;
  bool settled = false;
  int n = 0;  ///< the effect's number
};

/// Appends to one journal. settled(), effects() and effect_with() may be called from several threads, the rest is for
/// one. Throws Error{failed} when a record cannot be made durable.
class Journal {
 public:
  /// A new journal in <root>/<id>/ (0700/0600).
  static Journal create(const std::filesystem::path& root, const std::string& id, Json begin);
  /// Opens an existing one for appending and reads what is in it; a torn last line is removed.
  /// Error{refused} while the process that writes it still runs (it holds a lock, which the kernel drops with it).
  /// Otherwise as read().
  static Journal open(const std::filesystem::path& root, const std::string& id);
  /// Only reads; append functions throw. Error{not_found}: there is none. Error{failed}: it cannot be read (not
  /// allowed, say). Error{refused}: it is damaged, or of a newer ms2m.
  static Journal read(const std::filesystem::path& root, const std::string& id);
  /// Whether the process that writes it runs, and holds its lock. Error{not_found|failed}.
  static bool under_way(const std::filesystem::path& root, const std::string& id);

  Journal(Journal&&) = default;
  Journal& operator=(Journal&&) = delete;

  /// The time that its records take is told there from now on. It outlives the journal.
  void timed_by(MainLine& line) { line_ = &line; }
  /// Is told of its entries from now on. It outlives the journal; nullptr: nobody is.
  void watched_by(EntryWatch* watch) { watch_ = watch; }

  int effect(Phase phase, const std::string& text, const std::optional<Operation>& undo,
             const std::optional<Operation>& finish);
  void settled(int n, bool ok, const std::string& how);
  void mark(Mark mark);
  void end(Result result);
  /// A hook begins, or has ended. Nobody who opens the journal later runs one: its command is not in it.
  void hook_begun(HookPoint at, unsigned number);
  void hook_ended(HookPoint at, unsigned number, bool ok, const std::string& how);
  /// The operator has changed it while it runs. Any thread.
  void changed(const std::string& option, const std::string& value);

  const Json& begin() const noexcept { return begin_; }
  std::vector<Effect> effects() const;
  /// The first effect whose finish or undo is such an operation.
  template <class Op>
  std::optional<Recorded<Op>> effect_with() const {
    for (const Effect& effect : effects())
      for (const auto& operation : {effect.finish, effect.undo})
        if (operation && std::holds_alternative<Op>(*operation))
          return Recorded<Op>{std::get<Op>(*operation), effect.settled, effect.n};
    return std::nullopt;
  }
  bool marked(Mark mark) const noexcept;
  /// There are hooks for then, and none of them has begun.
  bool hooks_missing(HookPoint at) const;
  std::optional<Result> ended() const noexcept { return ended_; }
  const std::string& ended_at() const noexcept { return ended_at_; }  ///< RFC 3339

 private:
  Journal() = default;
  enum class Durable { now, with_the_next };
  void append(Json record, Durable when = Durable::now);
  /// Json::exception when it is no record; NoOperation when it is an effect, but not with an operation.
  void replay(const Json& record);
  /// Replays the records of a file's text; returns the length of what is whole in it.
  std::size_t replay_all(const std::string& text, const std::filesystem::path& root, const std::string& id);

  void tell(std::string_view entry, EntryWatch::Point point) const;

  MainLine* line_ = nullptr;     ///< nullptr: nobody asks
  EntryWatch* watch_ = nullptr;  ///< nullptr: nobody is told
  std::optional<posix::AppendFile> file_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  int version_ = kRecordVersion;  ///< of its first record
  Json begin_;
  std::vector<Effect> effects_;
  std::vector<Mark> marks_;
  std::vector<HookPoint> hooks_begun_;
  std::optional<Result> ended_;
  std::string ended_at_;
};

/// As the operator stood who began it.
Place place_of(const Journal& journal);

/// Error{refused}: what the migration did is not known.
[[noreturn]] void damaged_journal(const std::filesystem::path& root, const std::string& id, const std::string& what);

}  // namespace ms2m
