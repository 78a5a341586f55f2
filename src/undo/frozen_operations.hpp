// The operations on a source that was frozen: without the control protocol (strategy/valve.cpp), or while the valve
// closed.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

void start_copy(const Migrator::Ports& ports, const op::StartCopy& o, const StopToken& stop);
void thaw_source(const Migrator::Ports& ports, const op::ThawSource& o, const StopToken& stop);
void thaw_at_work(const Migrator::Ports& ports, const op::Thaw& o, const StopToken& stop);
void retire_frozen(const Migrator::Ports& ports, const op::RetireFrozen& o, const StopToken& stop);
/// Waits until the pod is being deleted or gone, then kills its container. Does nothing for a source that names none.
void kill_when_deleted(const Migrator::Ports& ports, const op::Frozen& source, const StopToken& stop);

}  // namespace ms2m
