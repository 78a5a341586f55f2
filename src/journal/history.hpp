// What earlier moves took. Kept beside the journals, because those are removed with `ms2m cleanup`.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

struct PastMove {
  std::string from, to;  ///< nodes
  std::string kind;      ///< what makes moves comparable: kind_of()
  Bytes memory{};        ///< of the process; 0: unknown
  std::vector<PhaseTiming> phases;
};

/// "shadow StatefulSet control gap": strategy, workload, protocol and what was to be short.
std::string kind_of(const Plan& plan, const MigrationRequest& request);

/// A file of JSON Lines, one a move. Estimates are made from it and nothing else: one that is missing, damaged or
/// cannot be written is no error.
class History {
 public:
  explicit History(const std::filesystem::path& journals) : file_(journals / ".moves.jsonl") {}
  void add(const PastMove& move) const;
  std::vector<PastMove> moves() const;  ///< the last ones, oldest first

 private:
  std::filesystem::path file_;
};

}  // namespace ms2m
