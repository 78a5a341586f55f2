#include "node/program/wire.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostBulk = 1u << 20;  // of all streams together; more would only lie here

}  // namespace

Wire::Wire() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) posix::throw_errno("eventfd");
}

void Wire::signal() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void Wire::drain() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
}

void Wire::put(FrameKind kind, std::uint32_t channel, std::string_view payload) {
  std::string bytes = encode_frame(kind, channel, payload);
  const std::lock_guard lock(mutex);
  if (frames_of_.count(channel) > 0) {
    ++frames_of_[channel];
    bulk_bytes_ += bytes.size();
    bulk_.push_back({channel, std::move(bytes)});
  } else {
    urgent_.push_back(std::move(bytes));
  }
  signal();
}

void Wire::put_data(std::uint32_t channel, std::string_view data, const StopToken& stop) {
  std::string bytes = encode_frame(FrameKind::data, channel, data);
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return stop.stop_requested() || bulk_bytes_ < kMostBulk; });
  if (stop.stop_requested()) throw Cancelled();
  ++frames_of_[channel];
  bulk_bytes_ += bytes.size();
  bulk_.push_back({channel, std::move(bytes)});
  signal();
}

std::string Wire::take() {
  const std::lock_guard lock(mutex);
  std::string frame;
  if (!urgent_.empty()) {
    frame = std::move(urgent_.front());
    urgent_.pop_front();
  } else if (!bulk_.empty()) {
    Bulk& next = bulk_.front();
    frame = std::move(next.bytes);
    bulk_bytes_ -= frame.size();
    const auto count = frames_of_.find(next.channel);
    if (--count->second == 0) frames_of_.erase(count);
    bulk_.pop_front();
    changed.notify_all();
  }
  return frame;
}

bool Wire::empty() {
  const std::lock_guard lock(mutex);
  return urgent_.empty() && bulk_.empty();
}

void Wire::wake() {
  const std::lock_guard lock(mutex);
  changed.notify_all();
}

}  // namespace ms2m::node
