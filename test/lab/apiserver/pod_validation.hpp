// Validation of pods, as far as the recorded answers and a migration tool's mistakes reach.
#pragma once

#include <string>
#include <vector>

#include "json.hpp"

namespace ms2m::lab {

// Throws ApiError 422.
void validate_name(const std::string& group, const std::string& kind, const Json& object);
void validate_new_pod(const Json& pod);
void validate_pod_update(const Json& before, const Json& after);

// Dotted paths of the fields that no Pod has ("spec.nodname"); with `drop`, they are removed.
std::vector<std::string> unknown_pod_fields(Json& pod, bool drop);

}  // namespace ms2m::lab
