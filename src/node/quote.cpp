#include "node/quote.hpp"

#include <algorithm>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+,=").find(c) != std::string_view::npos;
}
}  // namespace

std::string quote(std::string_view word) {
  if (word.find('\0') != std::string_view::npos)
    throw Error(ErrorKind::usage, "an argument for a node's shell contains a NUL byte");
  // '=' could make the first word an assignment, '~' would be expanded: only clearly plain words go bare.
  if (!word.empty() && word.find('=') == std::string_view::npos && std::all_of(word.begin(), word.end(), is_plain))
    return std::string(word);
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  text += '\'';
  return text;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ' ';
    text += quote(word);
  }
  return text;
}

std::string printing(std::string_view bytes) {
  std::string escaped;
  for (const char c : bytes) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\0') {
      escaped += "\\0000";  // %b takes \0 and up to three octal digits
    } else {
      escaped += c;
    }
  }
  return "printf %b " + quote(escaped);
}

}  // namespace ms2m::node
