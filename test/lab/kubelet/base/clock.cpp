#include "base/clock.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace kubelet {
namespace {

std::string stamp(WallTime time, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

}  // namespace

std::string rfc3339(WallTime time) { return stamp(time, "%Y-%m-%dT%H:%M:%SZ"); }

std::string rfc3339_nano(WallTime time) {
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count() % 1'000'000'000;
  return fmt::format("{}.{:09}Z", stamp(time, "%Y-%m-%dT%H:%M:%S"), nanos);
}

void log_line(const std::string& text) {
  const std::string line = rfc3339_nano(wall_now()).substr(11, 12) + " " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace kubelet
