#include "ms2m/standing.hpp"

#include "journal/journal.hpp"

namespace ms2m {

Standing standing_of(const std::filesystem::path& root, const std::string& id) {
  Standing standing;
  standing.under_way = Journal::under_way(root, id);  // before it is read: what has ended since has its end in it
  const Journal journal = Journal::read(root, id);
  standing.ended = journal.ended();
  standing.ended_at = journal.ended_at();
  const bool forward = journal.marked(Mark::pivoted) && !journal.marked(Mark::turned_back);
  const bool over = standing.ended == Result::done || standing.ended == Result::undone;
  for (const Effect& effect : journal.effects()) {
    standing.phase = effect.phase;
    standing.last = effect.text;
    standing.last_at = effect.t;
    if (!over && !effect.settled && (forward ? effect.finish : effect.undo)) standing.open.push_back(effect.text);
  }
  return standing;
}

}  // namespace ms2m
