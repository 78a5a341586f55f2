// What `ms2m drain` prints at its end.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/units.hpp"

namespace ms2m::report {

/// A pod of the node, and what became of it.
struct Drained {
  enum class Is {
    stays,       ///< it is none that ms2m moves: `why`
    refused,     ///< it consumes a queue, and cannot be moved: `why`
    would_move,  ///< a dry run
    not_begun,   ///< interrupted before its turn
    moved,
    failed,  ///< `why`
  };
  Is is = Is::not_begun;
  std::string ns, pod, queue, target_node, why, remedy;
  std::string migration;  ///< its id
  Seconds predicted{0};
  std::optional<Seconds> total, gap;
};
const char* to_string(Drained::Is is) noexcept;  // "moved", "would move", ...

struct Drain {
  std::string node;
  std::string ns;                        ///< the only one that was looked at; empty: all
  std::optional<bool> cordoned = false;  ///< nullopt: nobody can say
  bool dry_run = false;
  std::vector<Drained> pods;
  Seconds wall{0};
};

std::string drain_text(const Drain& drain);
/// One object of kind "drain".
Json drain_json(const Drain& drain, int status);

}  // namespace ms2m::report
