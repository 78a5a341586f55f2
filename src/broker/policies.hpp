// What the broker's policies make of a queue. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// Of an operator's policy and a user's the smaller limit counts, and else the operator's.
void merge_policy(Json& effective, const Json& definition);
/// Adds what one list, of users' or of operators' policies, makes of the queue. Of several of the same priority the
/// broker takes any one: then the smallest limits of all of them. false: a policy that may count cannot be judged.
bool foresee_policy(const Json& policies, const std::string& queue_name, Json& effective);

}  // namespace ms2m
