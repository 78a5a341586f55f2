// JSON as the stand-in uses it: plain values and total look-ups (a missing path is null, "", 0 or false).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ms2m::lab {

using Json = nlohmann::json;
using ObjectPtr = std::shared_ptr<const Json>;
using Path = std::initializer_list<std::string_view>;

// The value at a path of object keys, or a null value when any of them is missing.
const Json& at(const Json& object, Path path);
std::string text(const Json& object, Path path, std::string_view fallback = "");
std::int64_t number(const Json& object, Path path, std::int64_t fallback = 0);
bool flag(const Json& object, Path path, bool fallback = false);

std::string name_of(const Json& object);
std::string namespace_of(const Json& object);
std::string uid_of(const Json& object);
bool is_deleting(const Json& object);

// The ownerReference with `controller: true`, or null.
const Json& controller_of(const Json& object);

// Sets the key when it is absent or null.
void set_default(Json& object, const char* key, Json value);

// Accepts JSON and YAML (several documents); throws std::runtime_error with the parser's message.
std::vector<Json> parse_documents(const std::string& text);

}  // namespace ms2m::lab
