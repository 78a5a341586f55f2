// Operations on a restore by the runtime handler.
#pragma once
#include "handover/prepared_restore.hpp"
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Nothing of it runs afterwards, unless it was completed: then it is no copy any more, and what runs is its pod's.
void end_restore(NodeRestores& restores, const PreparedRestore& restore, const StopToken& stop);
void take_back_restore(const Migrator::Ports& ports, const op::TakeBackRestore& o, const StopToken& stop);
/// Error{conflict}: it was never restored. One that went with its pod needs no completion.
void complete_restore(const Migrator::Ports& ports, const op::CompleteRestore& o, const StopToken& stop);
/// Nothing is known of one that was taken back, either, once its pod has gone.
void remove_restore(const Migrator::Ports& ports, const op::RemoveRestore& o, const StopToken& stop);

}  // namespace ms2m
