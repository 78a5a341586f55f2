// How fields of a document that somebody else wrote are read: each may be absent, or something else than was meant. A
// document that is no object has none.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

/// What `key` holds; an empty object or array when there is nothing, or null.
const Json& object_at(const Json& in, const char* key);
const Json& array_at(const Json& in, const char* key);
/// Empty when there is nothing, or no text.
std::string text_at(const Json& in, const char* key);
std::string text_at(const Json& in, const char* key, const char* otherwise);
/// Of an array; what is no text in it is left out.
std::vector<std::string> texts_at(const Json& in, const char* key);
bool flag_at(const Json& in, const char* key, bool otherwise = false);
std::int64_t number_at(const Json& in, const char* key, std::int64_t otherwise);

}  // namespace ms2m
