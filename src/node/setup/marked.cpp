#include "node/setup/marked.hpp"

#include <algorithm>
#include <string_view>

namespace ms2m::node {
namespace {

// What the first line says besides tells how to take the lines out again.
constexpr std::string_view kBegin = "# begin: written by ms2m node setup";
constexpr std::string_view kNewFile = ", as was the file";
constexpr std::string_view kNewBreak = ", as was the line break before";
constexpr std::string_view kEnd = "# end: written by ms2m node setup\n";

}  // namespace

Text with_marked(const Text& file, const std::string& lines, std::size_t at) {
  if (lines.empty()) return file;
  std::string text = file.value_or("");
  at = std::min(at, text.size());
  const bool breaks = at > 0 && text[at - 1] != '\n';
  std::string block = breaks ? "\n" : "";
  block += kBegin;
  if (!file) block += kNewFile;
  if (breaks) block += kNewBreak;
  block += "\n" + lines;
  block += kEnd;
  return text.insert(at, block);
}

Text without_marked(const Text& file) {
  if (!file) return file;
  auto begin = file->find(kBegin);
  if (begin == std::string::npos || (begin > 0 && (*file)[begin - 1] != '\n')) return file;
  const auto end = file->find(kEnd, begin);
  if (end == std::string::npos) return file;
  const std::string_view first = std::string_view(*file).substr(begin, file->find('\n', begin) - begin);
  const bool new_file = first.find(kNewFile) != std::string_view::npos;
  if (first.ends_with(kNewBreak) && begin > 0) --begin;
  std::string text = *file;
  text.erase(begin, end + kEnd.size() - begin);
  if (new_file && text.empty()) return std::nullopt;
  return text;
}

}  // namespace ms2m::node
