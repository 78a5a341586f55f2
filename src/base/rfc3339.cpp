#include "base/rfc3339.hpp"

namespace ms2m {

std::optional<std::time_t> seconds_since_1970(const std::string& rfc3339) {
  std::tm time{};
  if (::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return std::nullopt;
  return ::timegm(&time);
}

}  // namespace ms2m
