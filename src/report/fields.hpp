// Fields of a JSON document that may be missing, or null.
#pragma once
#include <optional>
#include <string>

#include "ms2m/json.hpp"

namespace ms2m::report {

inline std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}
inline std::optional<double> number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}
/// Of an object; null: it is not there.
inline Json object_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() ? *found : Json();
}
/// An array, else an empty one.
inline Json list_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_array() ? *found : Json::array();
}

}  // namespace ms2m::report
