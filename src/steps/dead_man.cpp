#include "steps/dead_man.hpp"

#include <fmt/format.h>

namespace ms2m {
namespace {

Announced switch_of(const Move& move) {
  const std::string queue = move.names().dead_man;
  return {fmt::format("arm the dead man's switch {} ({} s)", queue, move.request.dead_man.count() / 1000),
          op::DeleteQueue{queue}, op::DeleteQueue{queue}};
}

}  // namespace

std::vector<Announced> ArmDeadMan::announce(const Move& move) { return {switch_of(move)}; }

Ran ArmDeadMan::run(const StopToken& stop) const {
  journal_announced(journal, Phase::preparing, switch_of(move));
  dead_man = broker.arm({move.names().dead_man, move.plan.source_control_queue, end_replay("source", move.plan.id),
                         move.request.dead_man},
                        stop);
  return {};
}

}  // namespace ms2m
