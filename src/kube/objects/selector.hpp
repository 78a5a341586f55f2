// Label selectors, as controllers read them.
#pragma once
#include <optional>
#include <string>

#include "kube/objects/object.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

/// Whether a selector of the API (matchLabels, matchExpressions) selects an object with these labels.
bool selects(const Json& selector, const Labels& labels);

/// A label without which the selector no longer selects: taking it away hides a pod from its controller. nullopt: there
/// is none.
std::optional<std::string> deciding_label(const Json& selector, const Labels& labels);

}  // namespace ms2m
