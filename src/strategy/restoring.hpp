// The two ways of restoring, step by step: what is different in the list of a strategy, and nothing else.
#pragma once
#include "strategy/migration.hpp"

namespace ms2m {

/// By the runtime handler: its place on the target, and what is carried into it while the source works.
Steps restore_prepared(const Procedure& procedure);
/// The copy's pod, which waits beside the source.
Steps waiting_copy_made(const Procedure& procedure);
Steps waiting_copy_awaited(Restoring way);
/// An image's pod has to have waited for some time besides, so that its kubelet answers at once.
Steps kick_works(Restoring way);
/// The archive's way to where the copy is restored from.
Step data_moved(Restoring way);

/// After the pivot.
Steps copy_completed(Restoring way);

void append(Steps& steps, const Steps& more);

}  // namespace ms2m
