#pragma once
#include <memory>
#include <vector>

#include "steps/step.hpp"

namespace ms2m {

/// From here the broker itself sends the source back to work, should ms2m die.
struct ArmDeadMan {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr bool kDisturbs = true;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  Journal& journal;
  std::unique_ptr<DeadMan>& dead_man;
};

}  // namespace ms2m
