// Operations on pods, and on the lease of one.
#pragma once
#include <string>

#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// There is such a pod, of that uid if it is given, and nobody is deleting it.
bool is_pod(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
            const StopToken& stop);
/// And it is not over, as one that was evicted is, whose object stays: somebody works there, or may again.
bool pod_lives(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
               const StopToken& stop);
/// The same of a source that is to be sent back, which costs nothing if it is not there: true as well when the API
/// server cannot be asked.
bool pod_may_live(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
                  const StopToken& stop);

/// Unless it is somebody else's of that name.
void delete_pod(const Migrator::Ports& ports, const op::DeletePod& o, const StopToken& stop);
/// Once the target is Ready; returns when the source is gone.
void retire_pod(const Migrator::Ports& ports, const op::RetirePod& o, const StopToken& stop);
/// Once the target is Ready the ReplicaSet adopts it, and the source goes; returns when it is gone.
void adopt(const Migrator::Ports& ports, const op::Adopt& o, const StopToken& stop);
void restore_cost(const Migrator::Ports& ports, const op::RestoreCost& o, const StopToken& stop);
void strip_marks(const Migrator::Ports& ports, const op::StripMarks& o, const StopToken& stop);
/// Unless somebody else holds it.
void release_lease(const Migrator::Ports& ports, const op::ReleaseLease& o, const StopToken& stop);

}  // namespace ms2m
