#include "base/ids.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string_view>

namespace ms2m {

std::string new_id() {
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz";
  static constexpr std::string_view kAll = "abcdefghjkmnpqrstuvwxyz23456789";
  std::random_device random;
  std::string id(1, kLetters[random() % kLetters.size()]);
  while (id.size() < 6) id += kAll[random() % kAll.size()];
  return id;
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string now_rfc3339() {
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis);
}

std::string now_micro_time() {
  std::string time = now_rfc3339();
  return time.insert(time.size() - 1, "000");
}

}  // namespace ms2m
