// Who is told of every entry of a migration's journal, right before and right after it is written.
#pragma once
#include <string_view>

namespace ms2m {

/// What an entry announces lies between `begun` and `done`, where it has an entry of its end; many have none.
class EntryWatch {
 public:
  enum class Point {
    begin,  ///< the entry that announces it is about to be written
    begun,  ///< and is durable now; its effect has not begun
    done,   ///< the effect is over, and the entry that says so is about to be written
    ended,  ///< that is written
  };

  EntryWatch() = default;
  EntryWatch(const EntryWatch&) = delete;
  EntryWatch& operator=(const EntryWatch&) = delete;
  virtual ~EntryWatch() = default;

  /// `entry`: the number of an effect; "pivot" (pivot_intent, pivoted); "turned_back" and "may_have_served", which only
  /// begin; "move" (the journal's first and last record; its first is not told to who opens it later). Several threads.
  /// What it throws befalls who was writing the entry: before it, nothing is written.
  virtual void at(std::string_view entry, Point point) = 0;
};

}  // namespace ms2m
