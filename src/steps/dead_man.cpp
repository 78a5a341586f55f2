#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

Announced switch_of(const Plan& plan, const MigrationRequest& request) {
  const std::string queue = queue_names(plan.id).dead_man;
  return {fmt::format("arm the dead man's switch {} ({} s)", queue, request.dead_man.count() / 1000),
          op::DeleteQueue{queue}, op::DeleteQueue{queue}};
}

std::vector<Announced> announce_switch(const Move& move) { return {switch_of(move.plan, move.request)}; }

void run_switch(Run& run, const StopToken& stop) {
  journal_announced(run, Phase::preparing, switch_of(run.plan, run.request));
  run.dead_man = run.ports.broker.arm(
      {run.names.dead_man, run.plan.source_control_queue, end_replay("source", run.plan.id), run.request.dead_man},
      stop);
}

}  // namespace

const Step step::arm_dead_man{Phase::preparing, announce_switch, run_switch};

}  // namespace ms2m
