// The changes that a migration makes to pods and StatefulSets, as merge patches. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// A ReplicaSet deletes the pod with the lowest first. null: it has no such mark, or is to have none.
inline constexpr const char *kLowestCost = "-2147483647", *kHighestCost = "2147483647";
Json deletion_cost_of(const Json& pod);
Json deletion_cost_patch(const Json& cost);
/// The template's hash and the highest cost: the ReplicaSet adopts the pod and deletes another. In one patch, because
/// its controller would see two as two states.
Json adoption_patch(const std::string& hash);
/// Makes the kubelet look for the pod's image again. `when`: any text that is new.
Json kick_patch(const std::string& when);
/// Takes ms2m's marks away.
Json strip_marks_patch();
/// `labels`: an object; one that is null goes.
Json labels_patch(const Json& labels);
/// The uid makes it this very set or a conflict.
Json replicas_patch(const std::string& uid, int replicas);

/// The pod, with the node that it is to start on.
Json bound_to(Json pod, const std::string& node);
/// And with what tells its node's runtime handler which restore it is: restore_mark().
Json with_restore(Json pod, const std::string& mark);

}  // namespace ms2m
