#include "node/protocol/version.hpp"

#include <charconv>
#include <vector>

namespace ms2m::node {
namespace {

template <class Number>
bool number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string print_greeting(const Greeting& greeting) {
  return "ms2m-node " + std::to_string(greeting.version) + " " + greeting.build + " " + greeting.machine + " " +
         std::to_string(greeting.uid) + "\n";
}

std::optional<Greeting> parse_greeting(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= line.size();) {
    const auto end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  Greeting greeting;
  if (words.size() != 5 || words[0] != "ms2m-node" || words[2].empty() || words[3].empty()) return std::nullopt;
  if (!number(words[1], greeting.version) || !number(words[4], greeting.uid)) return std::nullopt;
  greeting.build = words[2];
  greeting.machine = words[3];
  return greeting;
}

}  // namespace ms2m::node
