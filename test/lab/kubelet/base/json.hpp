#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace kubelet {

using Json = nlohmann::json;

// The member of an object, or a null value: also when `object` is no object at all.
inline const Json& at_or_null(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

inline std::string string_at(const Json& object, const char* key, const std::string& fallback = "") {
  const Json& value = at_or_null(object, key);
  return value.is_string() ? value.get<std::string>() : fallback;
}

inline long long_at(const Json& object, const char* key, long fallback) {
  const Json& value = at_or_null(object, key);
  return value.is_number() ? value.get<long>() : fallback;
}

inline bool bool_at(const Json& object, const char* key, bool fallback) {
  const Json& value = at_or_null(object, key);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

// The elements of an array, or none.
inline const Json& list_at(const Json& object, const char* key) {
  static const Json empty = Json::array();
  const Json& value = at_or_null(object, key);
  return value.is_array() ? value : empty;
}

}  // namespace kubelet
