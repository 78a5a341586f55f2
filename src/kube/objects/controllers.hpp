// What keeps a number of pods: ReplicaSets, StatefulSets and Deployments; and what guards that number. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kube/objects/object.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

struct Controller {
  std::string name, uid;
  std::int64_t generation = 0;
  int replicas = 1;                ///< wanted
  int ready = 0;                   ///< of them
  bool rolling = false;            ///< not all of its pods are of its newest template, or it has not looked yet
  bool paused = false;             ///< a Deployment's rollouts
  int first_ordinal = 0;           ///< a StatefulSet's
  bool deletes_claims = false;     ///< a pod's, when it is scaled down
  std::vector<std::string> marks;  ///< the keys of its labels and annotations
  std::vector<std::string> finalizers;
  std::optional<Owner> owner;
  Json selector;  ///< for selects() and deciding_label()
  Json document;  ///< all of it, to create it again
};
Controller parse_controller(const Json& object);

/// Replicas that a ReplicaSet, StatefulSet or Deployment wants, and that it says there are.
int replicas_wanted(const Json& controller);
int replicas_there(const Json& controller);

struct DisruptionBudget {
  std::string name;
  Json selector;    ///< policy/v1: an empty one selects every pod, none at all selects no pod
  int allowed = 0;  ///< disruptions, now
};
DisruptionBudget parse_budget(const Json& object);
bool guards(const DisruptionBudget& budget, const Json& pod);

}  // namespace ms2m
