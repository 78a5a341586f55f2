// The table: what a restore's states are, which follows which, and what `create` of its container does in each. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node_restore.hpp"
#include "node/restore/record.hpp"

namespace ms2m::node {

enum class AtCreate { wait, restore, cold, refuse };

struct StateRow {
  RestoreState state{};
  std::vector<RestoreState> from;  ///< what it may follow; itself besides: every change may be asked for twice
  AtCreate create{};               ///< when it is that pod's; `prepared` restores when nothing is missing
  const char* why = "";            ///< of a refusal
};
/// A row for every state.
const std::vector<StateRow>& state_table();
bool may_become(RestoreState from, RestoreState to);

/// Whose `create` it is, as the bundle says.
struct Asking {
  std::string ns, pod, uid, container;
  std::string image_id;  ///< of its pod's image on this node; "": not asked
};

struct Decision {
  AtCreate what = AtCreate::refuse;
  std::string why;  ///< of a refusal; what is waited for
};
/// nullopt: there is no record. `now`: seconds since 1970.
Decision decide(const std::optional<Record>& record, const Asking& asking, std::uint64_t now);

}  // namespace ms2m::node
