// Reading what the management API answers: a member that is missing or of another type is the other value.
#pragma once
#include <type_traits>

#include "ms2m/json.hpp"

namespace ms2m {

/// A member of the wrong type or none at all is the default: the API leaves out what it does not know yet.
template <typename Value>
Value member(const Json& object, const char* key, Value otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, bool>)
    if (!found->is_number_integer()) return otherwise;  // 1e300 is no number of them
  try {
    return found->get<Value>();
  } catch (const Json::exception&) {
    return otherwise;
  }
}

/// Empty tables come as [].
inline Json table(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

}  // namespace ms2m
