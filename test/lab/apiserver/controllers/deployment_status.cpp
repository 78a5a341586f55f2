#include "controllers/deployment_status.hpp"

#include <algorithm>
#include <cmath>

#include "controllers/pods.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
// An integer, or a per cent of the replicas.
std::int64_t int_or_percent(const Json& value, std::int64_t replicas, bool round_up) {
  if (value.is_number()) return value.get<std::int64_t>();
  if (!value.is_string()) return 0;
  const double exact = static_cast<double>(replicas) * std::stod(value.get<std::string>()) / 100;
  return std::llround(round_up ? std::ceil(exact) : std::floor(exact));
}

void put_count(Json& status, const char* field, std::int64_t count) {
  if (count > 0)
    status[field] = count;
  else
    status.erase(field);
}

Json condition(const char* type, bool value, const std::string& reason, const std::string& message) {
  const std::string now = rfc3339_now();
  return {{"type", type},          {"status", value ? "True" : "False"},
          {"lastUpdateTime", now}, {"lastTransitionTime", now},
          {"reason", reason},      {"message", message}};
}
}  // namespace

RollingLimits rolling_limits(const Json& deployment) {
  const std::int64_t replicas = number(deployment, {"spec", "replicas"});
  if (text(deployment, {"spec", "strategy", "type"}) != "RollingUpdate" || replicas == 0) return {0, 0};
  const Json& rolling = at(deployment, {"spec", "strategy", "rollingUpdate"});
  RollingLimits limits{int_or_percent(at(rolling, {"maxSurge"}), replicas, true),
                       int_or_percent(at(rolling, {"maxUnavailable"}), replicas, false)};
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  limits.unavailable = std::min(limits.unavailable, replicas);
  return limits;
}

Json deployment_status(const Json& deployment, const ObjectPtr& current, const std::vector<ObjectPtr>& sets) {
  std::int64_t replicas = 0, ready = 0, available = 0, terminating = 0, wanted = 0;
  for (const ObjectPtr& set : sets) {
    wanted += number(*set, {"spec", "replicas"});
    replicas += number(*set, {"status", "replicas"});
    ready += number(*set, {"status", "readyReplicas"});
    available += number(*set, {"status", "availableReplicas"});
    terminating += number(*set, {"status", "terminatingReplicas"});
  }
  const std::int64_t updated = current ? number(*current, {"status", "replicas"}) : 0;
  Json status = at(deployment, {"status"}).is_object() ? at(deployment, {"status"}) : Json::object();
  put_count(status, "replicas", replicas);
  put_count(status, "updatedReplicas", updated);
  put_count(status, "readyReplicas", ready);
  put_count(status, "availableReplicas", available);
  put_count(status, "unavailableReplicas", std::max<std::int64_t>(0, wanted - available));
  status["terminatingReplicas"] = terminating;
  const std::int64_t asked = number(deployment, {"spec", "replicas"});
  const bool enough = available >= asked - rolling_limits(deployment).unavailable;
  set_condition(
      status["conditions"],
      condition("Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability."));
  if (!current) return status;
  const std::string name = name_of(*current);
  const bool complete = updated == asked && replicas == asked && available == asked;
  const bool fresh = updated == 0 && asked > 0;
  set_condition(
      status["conditions"],
      complete ? condition("Progressing", true, "NewReplicaSetAvailable",
                           "ReplicaSet \"" + name + "\" has successfully progressed.")
      : fresh  ? condition("Progressing", true, "NewReplicaSetCreated", "Created new replica set \"" + name + "\"")
               : condition("Progressing", true, "ReplicaSetUpdated", "ReplicaSet \"" + name + "\" is progressing."));
  return status;
}

}  // namespace ms2m::lab
