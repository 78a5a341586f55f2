#include "ms2m/dials.hpp"

#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr const char* kNotYet = "the move has not begun yet: it looks and plans still";

}  // namespace

void Dials::open(const std::string& migration, const Wish& now, Keep keep) {
  const std::lock_guard lock(mutex_);
  migration_ = migration;
  now_ = now;
  no_downtime_limit_.clear();
  no_bandwidth_.clear();
  keep_ = std::move(keep);
}

void Dials::close_downtime_limit(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (no_downtime_limit_.empty()) no_downtime_limit_ = why;
}

void Dials::close_bandwidth(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (no_bandwidth_.empty()) no_bandwidth_ = why;
}

void Dials::close(const std::string& why) {
  const std::lock_guard lock(mutex_);
  keep_ = nullptr;
  if (no_downtime_limit_.empty()) no_downtime_limit_ = why;
  if (no_bandwidth_.empty()) no_bandwidth_ = why;
}

Dials::Answer Dials::turn(const std::string& migration, const Wish& wish) {
  const std::lock_guard lock(mutex_);
  if (migration_.empty()) return {false, kNotYet, "try it again in a moment"};
  if (migration_ != migration) return {false, "this ms2m is at migration " + migration_, ""};
  if (wish.downtime_limit && !no_downtime_limit_.empty()) return {false, no_downtime_limit_, ""};
  if (wish.bandwidth && !no_bandwidth_.empty()) return {false, no_bandwidth_, ""};
  try {
    if (keep_) keep_(wish);
  } catch (const Error& error) {
    return {false, error.what(), error.remedy()};
  } catch (const std::exception& error) {
    return {false, error.what(), ""};
  }
  if (wish.downtime_limit) now_.downtime_limit = wish.downtime_limit;
  if (wish.bandwidth) now_.bandwidth = wish.bandwidth;
  return {true};
}

Millis Dials::downtime_limit() const {
  const std::lock_guard lock(mutex_);
  return now_.downtime_limit.value_or(Millis{0});
}

std::optional<Bytes> Dials::bandwidth() const {
  const std::lock_guard lock(mutex_);
  if (!now_.bandwidth || now_.bandwidth->count == 0) return std::nullopt;
  return now_.bandwidth;
}

}  // namespace ms2m
