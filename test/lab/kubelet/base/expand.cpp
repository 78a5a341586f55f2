#include "base/expand.hpp"

#include <algorithm>

namespace kubelet {

std::string expanded(const std::string& text, const std::vector<std::pair<std::string, std::string>>& env) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "$$") == 0) {
      out += '$';
      ++i;
      continue;
    }
    const auto close = text.compare(i, 2, "$(") == 0 ? text.find(')', i) : std::string::npos;
    const std::string name = close == std::string::npos ? "" : text.substr(i + 2, close - i - 2);
    const auto found = std::find_if(env.rbegin(), env.rend(), [&](const auto& e) { return e.first == name; });
    if (close == std::string::npos || found == env.rend()) {
      out += text[i];
      continue;
    }
    out += found->second;
    i = close;
  }
  return out;
}

}  // namespace kubelet
