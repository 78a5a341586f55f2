// Text that comes in pieces, as lines.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace ms2m::hook {

/// Of two streams. A line that is longer than kLongest comes in parts.
class Lines {
 public:
  static constexpr std::size_t kLongest = 4096;

  explicit Lines(std::function<void(const std::string&)> each) : each_(std::move(each)) {}

  void take(std::size_t stream, std::string_view text) {
    std::string& begun = begun_.at(stream);
    for (const char c : text) {
      if (c != '\n') begun += c;
      if (c == '\n' || begun.size() >= kLongest) give(begun);
    }
  }
  /// What had no line feed.
  void end() {
    for (std::string& begun : begun_) give(begun);
  }

 private:
  void give(std::string& line) {
    if (!line.empty()) each_(line);
    line.clear();
  }

  const std::function<void(const std::string&)> each_;
  std::array<std::string, 2> begun_;
};

}  // namespace ms2m::hook
