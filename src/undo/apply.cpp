#include "undo/apply.hpp"

#include <algorithm>

namespace ms2m {
namespace {

struct Entry {
  int n;
  Operation operation;
};

/// A search takes none that has an operation of its own. (One that is removed already may have had the same name: two
/// checkpoints in one second have.)
void leave_the_named(op::RemoveArchives& search, const std::vector<Effect>& effects) {
  for (const Effect& effect : effects)
    for (const auto& operation : {effect.undo, effect.finish})
      if (const auto* named = operation && !effect.settled ? std::get_if<op::RemoveArchive>(&*operation) : nullptr)
        search.keep.push_back(named->path);
}

std::vector<Entry> open_entries(Journal& journal, Direction direction, const ApplyOptions& options) {
  std::vector<Entry> entries;
  const std::vector<Effect> effects = journal.effects();
  for (const Effect& effect : effects) {
    auto operation = direction == Direction::undo ? effect.undo : effect.finish;
    if (effect.settled || !operation || !options.stages.contains(stage(*operation))) continue;
    if (auto* search = std::get_if<op::RemoveArchives>(&*operation)) leave_the_named(*search, effects);
    entries.push_back({effect.n, std::move(*operation)});
  }
  if (direction == Direction::undo) std::reverse(entries.begin(), entries.end());
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return stage(a.operation) < stage(b.operation); });
  return entries;
}

/// Whether what comes after it may be done only when it has been. The copy's work does not build on whether it would
/// start anew, unless it has not all of its memory before; and a source whose memory was kept back goes on by itself
/// when its node has lost ms2m.
bool is_built_on(const Operation& operation) {
  if (const auto* complete = std::get_if<op::CompleteRestore>(&operation)) return complete->memory_follows;
  return stage(operation) != Stage::own_instance && !std::holds_alternative<op::RemoveDump>(operation);
}

void report(Observer& observer, Event::Type type, const std::string& text, bool ok) {
  Event event;
  event.type = type;
  event.phase = Phase::finalizing;
  event.text = text;
  event.ok = ok;
  observer.on(event);
}

}  // namespace

Applied apply(Journal& journal, Direction direction, Operations& operations, Observer& observer,
              const ApplyOptions& options) {
  Applied result;
  for (const Entry& entry : open_entries(journal, direction, options)) {
    const std::string text = describe(entry.operation);
    std::string failure, said;
    try {
      // A fresh token: an interruption of the migration must not interrupt its undo.
      said = operations.run(entry.operation, StopToken().within(std::chrono::duration_cast<Clock::duration>(
                                                 std::max(options.limit, patience(entry.operation)))));
    } catch (const std::exception& error) {
      failure = error.what();
    }
    const bool ok = failure.empty();
    if (ok) {
      result.done.push_back(text);
    } else {
      result.left.push_back(
          {text + ": " + failure, command(entry.operation, place_of(journal), journal.begin().value("id", ""))});
      result.left_numbers.push_back(entry.n);
    }
    if (direction == Direction::undo || !ok)
      report(observer, Event::Type::undo, ok ? text : text + ": " + failure, ok);
    else
      report(observer, Event::Type::step, planned_words(entry.operation), true);
    if (!said.empty()) report(observer, Event::Type::warning, said, true);
    try {
      journal.settled(entry.n, ok, direction == Direction::undo ? "undo" : "finish");
    } catch (const std::exception&) {
      // A full disk must not keep the rest from being undone; every operation is idempotent and will be found done.
    }
    if (ok || !options.stop_at_failure || !is_built_on(entry.operation)) continue;
    result.stopped = true;
    break;
  }
  return result;
}

}  // namespace ms2m
