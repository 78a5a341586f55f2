#include "json.hpp"

#include <yaml-cpp/yaml.h>

#include <regex>

namespace ms2m::lab {

namespace {
const Json kNull;

Json scalar_to_json(const YAML::Node& node) {
  const std::string& value = node.Scalar();
  if (node.Tag() == "!") return value;  // quoted in the source
  if (value == "null" || value == "~" || value.empty()) return nullptr;
  if (value == "true" || value == "True") return true;
  if (value == "false" || value == "False") return false;
  static const std::regex integer("[-+]?(0|[1-9][0-9]{0,17})");
  static const std::regex real("[-+]?([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");
  if (std::regex_match(value, integer)) return std::stoll(value);
  if (std::regex_match(value, real)) return std::stod(value);
  return value;
}

Json node_to_json(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar_to_json(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const auto& item : node) list.push_back(node_to_json(item));
      return list;
    }
    case YAML::NodeType::Map: {
      Json map = Json::object();
      for (const auto& item : node) map[item.first.Scalar()] = node_to_json(item.second);
      return map;
    }
    default:
      return nullptr;
  }
}
}  // namespace

const Json& at(const Json& object, Path path) {
  const Json* value = &object;
  for (std::string_view key : path) {
    if (!value->is_object()) return kNull;
    auto found = value->find(key);
    if (found == value->end()) return kNull;
    value = &*found;
  }
  return *value;
}

std::string text(const Json& object, Path path, std::string_view fallback) {
  const Json& value = at(object, path);
  return value.is_string() ? value.get<std::string>() : std::string(fallback);
}

std::int64_t number(const Json& object, Path path, std::int64_t fallback) {
  const Json& value = at(object, path);
  return value.is_number() ? value.get<std::int64_t>() : fallback;
}

bool flag(const Json& object, Path path, bool fallback) {
  const Json& value = at(object, path);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

std::string name_of(const Json& object) { return text(object, {"metadata", "name"}); }
std::string namespace_of(const Json& object) { return text(object, {"metadata", "namespace"}); }
std::string uid_of(const Json& object) { return text(object, {"metadata", "uid"}); }
bool is_deleting(const Json& object) { return at(object, {"metadata", "deletionTimestamp"}).is_string(); }

const Json& controller_of(const Json& object) {
  for (const Json& owner : at(object, {"metadata", "ownerReferences"})) {
    if (flag(owner, {"controller"})) return owner;
  }
  return kNull;
}

void set_default(Json& object, const char* key, Json value) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) object[key] = std::move(value);
}

std::vector<Json> parse_documents(const std::string& source) {
  std::vector<Json> documents;
  for (const YAML::Node& node : YAML::LoadAll(source)) {
    Json document = node_to_json(node);
    if (!document.is_null()) documents.push_back(std::move(document));
  }
  return documents;
}

}  // namespace ms2m::lab
