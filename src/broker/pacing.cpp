#include "broker/pacing.hpp"

#include <algorithm>
#include <cmath>

namespace ms2m {

namespace {

constexpr std::uint64_t kFirstWindow = 4;

}  // namespace

void RateMeter::add(std::uint64_t count, TimePoint now) {
  const auto number = number_of(now);
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = Slot{number, 0};
  slot.count += count;
}

double RateMeter::per_second(TimePoint now) const {
  const auto number = number_of(now);
  std::uint64_t count = 0;
  for (const Slot& slot : slots_)
    if (slot.number > number - static_cast<std::int64_t>(kSlots) && slot.number <= number) count += slot.count;
  const double window = seconds_between(TimePoint(kSlot * (number - static_cast<std::int64_t>(kSlots) + 1)), now);
  // Younger than the window: what was counted took the whole life, which is never taken as less than one slot.
  return static_cast<double>(count) / std::min(window, std::max(seconds_between(start_, now), Seconds(kSlot).count()));
}

void AheadWindow::look(std::uint64_t relayed, std::uint64_t ahead, BootTime now) {
  const std::uint64_t processed = relayed > ahead ? relayed - ahead : 0;
  if (last_) {
    const double seconds = std::max(Seconds(now - *last_).count(), 1e-6);
    const double done = processed > processed_ ? static_cast<double>(processed - processed_) : 0;
    if (ahead > 0) {
      if (busy_time_ > 3) {
        busy_done_ /= 2;
        busy_time_ /= 2;
      }
      busy_done_ += done;
      busy_time_ += seconds;
      at_least_ *= 0.9;
    } else {
      at_least_ = std::max(at_least_, done / seconds);
    }
  }
  last_ = now;
  processed_ = std::max(processed_, processed);
}

std::uint64_t AheadWindow::size() const {
  const double horizon = Seconds(horizon_).count();
  // Too little seen to judge by.
  const bool known = busy_time_ > 0.25 || busy_done_ >= static_cast<double>(kFirstWindow);
  if (!known && at_least_ == 0) return std::min(kFirstWindow, most_);
  const double rate = std::max(known ? busy_done_ / busy_time_ : 0, at_least_);
  return static_cast<std::uint64_t>(std::clamp(rate * horizon, 1.0, static_cast<double>(most_)));
}

void Pacer::set(const Pace& pace, TimePoint now) {
  pace_ = pace;
  until_ = pace.lasts.count() > 0 ? now + pace.lasts : TimePoint::max();
  rest_until_ = now;
  in_hand_ = 0;
}

void Pacer::sent(std::uint64_t count, TimePoint now) {
  in_hand_ += count;
  ahead_ = in_hand_;
  sent_at_ = moved_at_ = now;
}

void Pacer::look(std::uint64_t ahead, TimePoint now) {
  if (in_hand_ == 0) return;
  if (std::exchange(ahead_, ahead) != ahead) moved_at_ = now;
  if (ahead > 0 && now - moved_at_ < kStandstill) return;
  const double busy = std::max(seconds_between(sent_at_, now), 1e-3);
  const double rest = std::min(busy * (1 / pace_.share - 1), std::max(Seconds(pace_.rest_at_most).count(), busy));
  rest_until_ = now + std::chrono::duration_cast<Clock::duration>(Seconds(rest));
  batch_ = std::clamp(static_cast<double>(in_hand_) * Seconds(kCycle).count() / busy, 1.0, static_cast<double>(kBatch));
  in_hand_ = 0;
}

std::uint64_t Pacer::allowance(TimePoint now) const {
  return in_hand_ > 0 || now < rest_until_ ? 0 : static_cast<std::uint64_t>(batch_);
}

}  // namespace ms2m
