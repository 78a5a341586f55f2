#include "node/protocol/json_text.hpp"

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

std::size_t nesting(std::string_view text) {
  std::size_t depth = 0, most = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') ++i;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') most = std::max(most, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return most;
}

}  // namespace

Json parse_object(std::string_view text) {
  if (nesting(text) > kMaxNesting) throw Error(ErrorKind::protocol, "JSON that is nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error(ErrorKind::protocol, "this is no JSON object");
  return json;
}

std::string print(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace ms2m::node
