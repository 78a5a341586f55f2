// Operations on a restore by the runtime handler.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Nothing of it runs afterwards, unless it was completed: then it is no copy any more.
void take_back_restore(const Migrator::Ports& ports, const op::TakeBackRestore& o, const StopToken& stop);
/// Error{conflict}: it was never restored.
void complete_restore(const Migrator::Ports& ports, const op::CompleteRestore& o, const StopToken& stop);
void remove_restore(const Migrator::Ports& ports, const op::RemoveRestore& o, const StopToken& stop);

}  // namespace ms2m
