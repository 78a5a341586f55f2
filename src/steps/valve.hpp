// ms2m's own consumer of the primary, which holds back what others would get.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "steps/step.hpp"

namespace ms2m {

struct CloseValve {
  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
  std::unique_ptr<Valve>& valve;
  std::optional<std::uint64_t>& overtaken_at_most;

  /// Holds back what is in the primary and what comes. Error{failed} when more waits than the valve can keep in order,
  /// unless the request allows that.
  void now(const StopToken& stop) const;
  /// For a source that does not look at its control queue, while the backlog still fits. False: that has outgrown the
  /// valve meanwhile, which is open again.
  bool in_time(const StopToken& stop) const;
};

}  // namespace ms2m
