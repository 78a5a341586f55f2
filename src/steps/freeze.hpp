// Without the control protocol: the source does nothing any more, and is no consumer, before its copy may exist.
#pragma once
#include <string>
#include <vector>

#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "steps/undisturbed.hpp"

namespace ms2m {

/// `instance`: as instance_in(), "<container ID> <restarts>".
op::Frozen frozen_source(const Plan& plan, const std::string& instance);

/// Whatever it was sent by mistake is back in the queue. Should ms2m die before the pivot, the node thaws it.
struct FreezeSource {
  static constexpr Phase kPhase = Phase::restoring;
  static constexpr Wait kWait{WaitFor::consumer, "the source to be gone"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  ContainerProcess& processes;
  Journal& journal;
  Observer& observer;
  Guards guards;
  Undisturbed undisturbed;
  const QuietSource& source;
  const SourceConnection& connection;
};

}  // namespace ms2m
