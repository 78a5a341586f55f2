// What the broker and a source without the control protocol bear.
#pragma once
#include <algorithm>
#include <cstdint>

#include "ms2m/request.hpp"

namespace ms2m {

/// ms2m gives up what it waits for while the source is frozen.
inline Millis frozen_work(const MigrationRequest& request) { return std::min(2 * request.dead_man, Millis{30000}); }
/// From then on the node itself thaws the source, whatever has become of ms2m: later, so that ms2m is done by then.
inline Millis freeze_limit(const MigrationRequest& request) {
  return std::min(request.dead_man * 8 / 3, Millis{40000});
}

/// Above this many ready messages the valve's own deliveries may pile up to the broker's limit of 200 unsent, and the
/// source is served with newer ones (rabbitmq-facts.md section 10).
inline constexpr std::uint64_t kStrictOrderReady = 150;

/// A quorum queue gives one consumer no more than 2000 unacknowledged messages: a valve that has them is passed by what
/// comes next, as long as anybody else consumes the queue. Some come until the source is quiet.
inline constexpr std::uint64_t kQuorumHeld = 1900;
inline constexpr std::uint64_t kQuorumReady = 1500;

/// From here on the backlog of a source that does not answer is about to outgrow the valve: it is closed while it still
/// can without a freeze.
inline constexpr std::uint64_t kGrowingReady = 50;

}  // namespace ms2m
