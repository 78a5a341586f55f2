// What every object of Kubernetes has. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

std::string pod_name(const Json& object);
std::string pod_uid(const Json& object);
std::string pod_node(const Json& object);
/// The controlling owner reference, or nullptr.
const Json* controller_of(const Json& object);
/// Whether that is a StatefulSet.
bool in_a_set(const Json& pod);

/// "root@host pid 17 (m7k2q9), phase Restoring", of a Lease that a migration holds.
std::string lease_holder(const Json& lease);

}  // namespace ms2m
