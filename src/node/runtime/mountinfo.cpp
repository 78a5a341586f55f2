#include "node/runtime/mountinfo.hpp"

#include <sstream>

namespace ms2m::node {
namespace {

/// "\040" is how it writes a space.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return text[i + at] >= '0' && text[i + at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && digit(1) && digit(2) && digit(3)) {
      plain += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::vector<Mount> parse_mounts(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    Mount mount;
    for (int column = 0; column < 5; ++column) words >> mount.point;
    mount.point = unescaped(mount.point);
    while (words >> word && word != "-") continue;  // of optional fields there are any number
    std::string source;
    if (words >> mount.type >> source >> mount.options) mounts.push_back(mount);
  }
  return mounts;
}

std::optional<std::string> mount_option(const Mount& mount, const std::string& name) {
  std::istringstream options(mount.options);
  for (std::string option; std::getline(options, option, ',');) {
    if (option == name) return "";
    if (option.starts_with(name + "=")) return unescaped(option.substr(name.size() + 1));
  }
  return std::nullopt;
}

}  // namespace ms2m::node
