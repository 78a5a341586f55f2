// Operations that send the source or the copy to a queue.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Returns when the source consumes its queue, or is not there. What was relayed to it is worked off before.
void resume_source(const Migrator::Ports& ports, const op::ResumeSource& o, const StopToken& stop);
/// Returns when the target consumes the queue (await_service()).
void resume_target(const Migrator::Ports& ports, const op::ResumeTarget& o, const StopToken& stop);

}  // namespace ms2m
