// Who may act on a pod: the migration that holds its lease.
#pragma once
#include <string>

#include "journal/journal.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// "root@host pid 17": what its holder's name begins with.
std::string process_name();
/// Error{conflict}, with who it is, when another migration holds the lease that this one had taken: what this one would
/// undo is that one's by now. One that is gone is nobody's. Other errors of the cluster pass through.
void require_lease(Cluster& cluster, const Journal& journal, const StopToken& stop);

}  // namespace ms2m
