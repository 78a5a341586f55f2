// The operations of a move without the control protocol (operations.hpp, uncontrolled.cpp).
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

void start_copy(Migrator::Ports& ports, const Json& operation, const StopToken& stop);
void thaw_source(Migrator::Ports& ports, const Json& operation, const StopToken& stop);
void retire_frozen(Migrator::Ports& ports, const Json& operation, const StopToken& stop);
/// Waits until the pod `uid` is being deleted or gone, then kills the container `frozen` on `node`. Does nothing for an
/// operation that names none.
void kill_when_deleted(Migrator::Ports& ports, const Json& operation, const ObjectRef& ref, const StopToken& stop);
/// False when the container was never started: no process of the pod has run.
bool ever_started(const Json& pod, const std::string& container);

}  // namespace ms2m
