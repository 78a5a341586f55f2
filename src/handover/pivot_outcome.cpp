#include "handover/pivot_outcome.hpp"

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"

namespace ms2m {

bool pivot_was_committed(const Migrator::Ports& ports, const std::string& id, const SourceAtWork& source,
                         const StopToken& stop) {
  const QueueNames names = queue_names(id);
  for (;;) {
    // The marker came with the commit; the dead man's message back in its queue, or a source at work, says that there
    // was none. Neither: the broker has not noticed yet that our old connection is gone.
    if (ports.broker.depth(names.dead_man, stop).value_or(QueueDepth{}).ready > 0) return false;
    if (ports.broker.depth(names.pivot, stop).value_or(QueueDepth{}).ready > 0) return true;
    const bool served = source(stop);
    if (served) return certain_depth(ports.broker, ports.admin, names.pivot, stop).value_or(QueueDepth{}).ready > 0;
    stop.sleep(Millis{50}, "finding out whether the pivot was committed");
  }
}

}  // namespace ms2m
