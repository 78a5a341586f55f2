#include "plan/rounds.hpp"

#include "plan/dump_time.hpp"
#include "plan/prediction.hpp"

namespace ms2m {
namespace {

constexpr Seconds kWorth{1};  ///< less than that is within what moves differ by

Seconds predicted(const std::vector<PredictedPhase>& phases, Phase phase) {
  for (const PredictedPhase& each : phases)
    if (each.phase == phase) return each.elapsed;
  return Seconds{0};
}

}  // namespace

unsigned rounds_of(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                   const std::vector<PastMove>& past) {
  const Procedure& procedure = plan.procedure;
  if (!procedure.by_handler() || procedure.pages != Pages::files)
    return 0;  // one that was asked for is refused (preflight)
  if (request.precopy) return *request.precopy;
  // In a shadow the source serves on, as one of a stream does; and the whole takes longer by it.
  if (procedure.relays() || procedure.of_stream() || request.prefer == Prefer::total || against_dump_at_work(facts))
    return 0;
  const auto with = [&](unsigned rounds) {
    Plan other = plan;
    other.procedure.rounds = rounds;
    return predict(other, request, facts, past);
  };
  const auto without = with(0);
  const Seconds saved = predicted(without, Phase::transferring) - predicted(with(1), Phase::transferring);
  return saved > predicted(without, Phase::checkpointing) + kWorth ? 1 : 0;
}

}  // namespace ms2m
