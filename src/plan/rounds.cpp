#include "plan/rounds.hpp"

#include "plan/prediction.hpp"

namespace ms2m {
namespace {

constexpr double kStays = 0.1;  ///< of the way: what is looked at again, and what has changed
constexpr Seconds kWorth{1};    ///< less than that is within what moves differ by

Seconds predicted(const std::vector<PredictedPhase>& phases, Phase phase) {
  for (const PredictedPhase& each : phases)
    if (each.phase == phase) return each.elapsed;
  return Seconds{0};
}

}  // namespace

unsigned rounds_of(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                   const std::vector<PastMove>& past) {
  const Procedure& procedure = plan.procedure;
  if (!procedure.by_handler()) return 0;  // one that was asked for is refused (preflight)
  if (request.precopy) return *request.precopy;
  // In a shadow the source serves on; and the whole takes longer by it.
  if (procedure.relays() || request.prefer == Prefer::total) return 0;
  Plan without = plan;
  without.procedure.rounds = 0;
  const auto phases = predict(without, request, facts, past);
  const Seconds saved = (1 - kStays) * predicted(phases, Phase::transferring);
  return saved > predicted(phases, Phase::checkpointing) + kWorth ? 1 : 0;
}

}  // namespace ms2m
