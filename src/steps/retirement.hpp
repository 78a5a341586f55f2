// How the source ends, and what else is to be done once the target owns the queue: settled in the journal before that.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "steps/step.hpp"

namespace ms2m {

/// As Procedure::source_end has it. `instance`: of a source that is frozen before its copy comes.
Announced end_of_source(const Move& move, const std::string& instance = "");
/// The copy of a StatefulSet's pod takes its name (engine/identity.hpp), which removes the copy's control queue and the
/// name of its image; here they are for a copy that is lost before that. Empty: it has no name to take.
std::vector<Announced> rename_lines(const Move& move);
/// The end of the name of the source's image, for a source that an earlier migration has moved: such a pod leaves it
/// behind on its node. nullopt: it is none.
std::optional<Announced> image_name_removal(const Plan& plan, const Facts& facts);

struct PlanRetirement {
  static constexpr Phase kPhase = Phase::replaying;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Journal& journal;
};

}  // namespace ms2m
