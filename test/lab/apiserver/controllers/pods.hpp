// What controllers know about pods.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store.hpp"

namespace ms2m::lab {

const Json& condition_of(const Json& object, const std::string& type);  // null when there is none
bool is_active(const Json& pod);                                        // neither ended nor being deleted
bool is_ready(const Json& pod);
bool is_running_and_ready(const Json& pod);
// When it became ready, in seconds since the epoch; 0 when it is not.
std::int64_t ready_since(const Json& pod);
bool is_available(const Json& pod, std::int64_t min_ready_seconds);

Json owner_reference(const ResourceType& type, const Json& owner);
// A pod as the template has it, owned by `owner`, with defaults and admission applied and stored. Throws ApiError.
ObjectPtr create_pod(Store& store, Json pod);
Json pod_from_template(const Json& pod_template, const ResourceType& owner_type, const Json& owner);

// Orders pods that are surplus: the first is the first to go (controller.ActivePodsWithRanks).
void sort_by_deletion(std::vector<ObjectPtr>& pods, const std::vector<ObjectPtr>& related);

// Takes orphans that the selector matches (and `may_own` allows) and lets go of owned ones that it no longer does.
// Returns the pods that the owner has then, in order of their names.
std::vector<ObjectPtr> claim_pods(Store& store, const ResourceType& type, const Json& owner,
                                  const std::function<bool(const Json&)>& may_own);

void record_event(Store& store, const ResourceType& type, const Json& about, const std::string& kind,
                  const std::string& reason, const std::string& message, const std::string& component);

// Sets the condition, keeping lastTransitionTime when the status stays the same.
void set_condition(Json& conditions, Json condition);

}  // namespace ms2m::lab
