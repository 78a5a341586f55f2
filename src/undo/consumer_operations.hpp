// Operations that send the source or the copy to a queue.
#pragma once
#include "handover/arrival.hpp"
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// The source at the queue.
AtWork source_at_work(const Migrator::Ports& ports, const op::ResumeSource& o);
/// Returns when the source consumes its queue, or is not there. What was relayed to it is worked off before.
void resume_source(const Migrator::Ports& ports, const op::ResumeSource& o, const StopToken& stop);
/// Returns when the target consumes the queue (await_service()).
void resume_target(const Migrator::Ports& ports, const op::ResumeTarget& o, const StopToken& stop);

}  // namespace ms2m
