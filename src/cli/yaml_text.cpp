#include "cli/yaml_text.hpp"

namespace ms2m::cli {

namespace {

/// A string of JSON is one of YAML, too.
std::string scalar(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool is_block(const Json& json) { return json.is_structured() && !json.empty(); }

void write(const Json& json, std::size_t depth, std::string& text) {
  const std::string indent(2 * depth, ' ');
  if (!is_block(json)) {
    text += scalar(json) + "\n";
    return;
  }
  for (auto each = json.begin(); each != json.end(); ++each) {
    const bool map = json.is_object();
    if (each != json.begin() || text.empty() || text.back() == '\n') text += indent;
    text += map ? each.key() + ":" : "-";
    if (!is_block(*each)) {
      text += " ";
      write(*each, depth, text);
    } else if (map) {
      text += "\n";
      write(*each, depth + 1, text);
    } else {
      text += " ";  // the first line of the item stands behind the dash
      write(*each, depth + 1, text);
    }
  }
}

}  // namespace

std::string yaml_text(const Json& json) {
  std::string text;
  write(json, 0, text);
  return text;
}

}  // namespace ms2m::cli
