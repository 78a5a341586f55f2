#include "handover/catch_up.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ms2m {

CatchUpTime catch_up_time(std::uint64_t behind, double processed, double arrived, Seconds time) {
  const double doubt = std::sqrt(std::max(processed, 1.0));
  const auto at = [&](double done) -> std::optional<Seconds> {
    const double nearer = (done - arrived) / time.count();  // messages a second
    if (nearer <= 0) return std::nullopt;
    return Seconds(static_cast<double>(behind) / nearer);
  };
  return {at(processed + doubt), at(processed - doubt)};
}

std::string describe(const CatchUpTime& time) {
  if (!time.least) return "would not catch up";
  if (!time.most) return fmt::format("would catch up in {:.1f} s at the least", time.least->count());
  return fmt::format("would catch up in {:.1f}-{:.1f} s", time.least->count(), time.most->count());
}

}  // namespace ms2m
