// What the operator changes of a migration while it runs: in its journal before it holds, and in its outcome.
#pragma once
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/dials.hpp"
#include "ms2m/outcome.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// From its beginning until end(), or its destruction. All that it is made of outlives it.
class Changes {
 public:
  Changes(Dials& dials, const Move& move, Journal& journal, TimePoint begin);
  ~Changes() { end(); }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  Dials& dials() { return dials_; }
  /// Nothing can be changed from here on.
  std::vector<Change> end();

 private:
  void keep(const Dials::Wish& wish);

  Dials& dials_;
  Journal& journal_;
  const TimePoint begin_;
  std::vector<Change> made_;
};

}  // namespace ms2m
