#include "handover/arrival.hpp"

#include <algorithm>
#include <chrono>

#include "ms2m/error.hpp"

namespace ms2m {

std::uint64_t Peers::named(const std::string& queue, const StopToken& stop) {
  const auto facts = admin_.queue(queue, stop);
  if (!facts) return 0;
  return static_cast<std::uint64_t>(
      std::count_if(facts->consumers.begin(), facts->consumers.end(), [&](const QueueConsumer& consumer) {
        return std::find(addresses_.begin(), addresses_.end(), consumer.peer_host) != addresses_.end();
      }));
}

std::uint64_t Peers::consumers_of(const std::string& queue, const StopToken& stop) {
  if (!told_ || addresses_.empty()) return 0;
  try {
    return named(queue, stop.within(std::chrono::seconds(2)));
  } catch (const Error&) {
    told_ = false;
    return 0;
  }
}

bool AtWork::there(const StopToken& stop) {
  if (by_name_) return peers_.named(queue_, stop) > 0;
  return broker_.depth(queue_, stop).value_or(QueueDepth{}).consumers > others_;
}

/// An API that does not answer for a moment says nothing.
bool ArrivalWatch::named_copy(const StopToken& stop) {
  try {
    return copy_.named(arrival_.queue, stop) > 0;
  } catch (const Error&) {
    stop.check("asking the management API for the consumers of " + arrival_.queue);
    return false;
  }
}

bool ArrivalWatch::there(const StopToken& stop) {
  const std::uint64_t count = broker_.depth(arrival_.queue, stop).value_or(QueueDepth{}).consumers;
  if (count < arrival_.consumers) return false;
  if (!arrival_.control.empty() && broker_.depth(arrival_.control, stop).value_or(QueueDepth{}).ready > 0) return false;
  if (!arrival_.copy.empty()) return named_copy(stop);
  return count > arrival_.ours + strangers_.consumers_of(arrival_.queue, stop);
}

}  // namespace ms2m
