// Without the control protocol: the copy of a frozen source starts, and the valve opens for it.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "steps/restore.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// The pivot: the source stays frozen, whatever becomes of ms2m; afterwards the copy consumes the primary, behind the
/// valve. A copy that fails is withdrawn, as the journal says then.
struct StartCopy {
  static constexpr Phase kPhase = Phase::restoring;
  static constexpr bool kNoWayBack = true;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Broker& broker;
  ImageStore& images;
  ContainerProcess& processes;
  NodeRestores& restores;
  Journal& journal;
  Restore restore;
  const OwnConnections& own;
  const QuietSource& source;
  const ImportedImage& imported;
  const BroughtData& brought;
};

struct OpenValve {
  static constexpr Phase kPhase = Phase::replaying;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const OwnConnections& own;
  std::optional<std::uint64_t>& held;
  Timeline& times;
};

}  // namespace ms2m
