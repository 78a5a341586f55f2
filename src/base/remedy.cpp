#include "ms2m/remedy.hpp"

#include <algorithm>

namespace ms2m::remedy {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+,").find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string look_at_journal(const std::string& file) { return "less " + shell_word(file); }
std::string remove_journal(const std::string& directory) { return "rm -r " + shell_word(directory); }

}  // namespace ms2m::remedy
