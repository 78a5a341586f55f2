#include "base/fields.hpp"

namespace ms2m {

const Json& object_at(const Json& in, const char* key) {
  static const Json kNone = Json::object();
  const auto found = in.find(key);
  return found != in.end() && found->is_object() ? *found : kNone;
}

const Json& array_at(const Json& in, const char* key) {
  static const Json kNone = Json::array();
  const auto found = in.find(key);
  return found != in.end() && found->is_array() ? *found : kNone;
}

std::string text_at(const Json& in, const char* key) { return text_at(in, key, ""); }

std::string text_at(const Json& in, const char* key, const char* otherwise) {
  const auto found = in.find(key);
  return found != in.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::vector<std::string> texts_at(const Json& in, const char* key) {
  std::vector<std::string> texts;
  for (const Json& each : array_at(in, key))
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

bool flag_at(const Json& in, const char* key, bool otherwise) {
  const auto found = in.find(key);
  return found != in.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::int64_t number_at(const Json& in, const char* key, std::int64_t otherwise) {
  const auto found = in.find(key);
  return found != in.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}

}  // namespace ms2m
