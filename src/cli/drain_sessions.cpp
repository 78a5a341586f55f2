#include "cli/drain_sessions.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "ms2m/migrator.hpp"

namespace ms2m::cli {

void Late::on(const Event& event) noexcept try {
  const std::lock_guard lock(mutex_);
  if (observer_ != nullptr)
    observer_->on(event);
  else
    kept_.push_back(event);
} catch (...) {
  // It could not be told.
}

void Late::heard_by(Observer& observer) {
  const std::lock_guard lock(mutex_);
  for (const Event& event : std::exchange(kept_, {})) observer.on(event);
  observer_ = &observer;
}

std::unique_ptr<Opened> DrainSessions::keep(const report::Drained& row, std::unique_ptr<Opened> opened) {
  const std::lock_guard lock(mutex_);
  waiting_[&row] = std::move(opened);
  if (waiting_.size() <= most_) return nullptr;
  const auto shortest = std::min_element(waiting_.begin(), waiting_.end(), [](const auto& a, const auto& b) {
    if (a.first->predicted != b.first->predicted) return a.first->predicted < b.first->predicted;
    return std::less<>()(b.first, a.first);
  });
  return std::move(waiting_.extract(shortest).mapped());
}

std::unique_ptr<Opened> DrainSessions::take(const report::Drained& row) {
  std::unique_ptr<Opened> taken;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = waiting_.find(&row); found != waiting_.end())
      taken = std::move(waiting_.extract(found).mapped());
  }
  if (taken && Clock::now() - taken->looked >= Migrator::kFresh) taken.reset();
  return taken;
}

}  // namespace ms2m::cli
