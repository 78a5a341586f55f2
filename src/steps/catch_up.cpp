#include "steps/catch_up.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "handover/catch_up.hpp"
#include "handover/waits.hpp"
#include "steps/copy_lives.hpp"
#include "steps/relay.hpp"
#include "steps/standstill.hpp"

namespace ms2m {
namespace {

/// A copy that needs longer than this to catch up at the present rates is helped by throttling the relay.
constexpr Seconds kPatience{1};
/// Throttled, it gains three quarters of the time, so within this it has come nearer, or never will.
constexpr Seconds kNoNearer{10};

std::uint64_t backlog(const CatchUp& at, const std::string& queue, const StopToken& stop) {
  if (const auto exact = outstanding(at.move.facts, at.admin, queue, stop)) return *exact;
  return depth_of(at.broker, queue, stop).ready;
}

/// Measures how fast the copy works its backlog off, and decides when to cut over.
class Progress {
 public:
  explicit Progress(const CatchUp& at) : at_(at), pump_(*at.guards.own.pump), queue_(at.move.names().target) {}

  bool near_enough(const StopToken& stop) {
    const std::uint64_t relayed = pump_.stats().relayed;
    const std::uint64_t behind = backlog(at_, queue_, stop);
    const TimePoint now = Clock::now();
    const auto processed = static_cast<double>(relayed) - static_cast<double>(behind);
    // From the first message that it is seen to have done: what it needed to begin says nothing of its rate, and
    // acknowledgements may come in batches.
    if (!begin_ || !begun_) {
      begun_ = begin_ && processed > processed_at_begin_;
      begin_ = now;
      processed_at_begin_ = processed;
      relayed_at_begin_ = relayed;
    }
    const double elapsed = seconds_between(*begin_, now);
    if (elapsed > 0.15) rate_ = (processed - processed_at_begin_) / elapsed;
    if (behind == 0) return true;
    if (unchanged_.look(behind) > standstill(rate_) && depth_of(at_.broker, queue_, stop).ready == 0) return true;
    if (rate_ <= 0) return false;
    const double drain = static_cast<double>(behind) / rate_;
    if (drain <= Seconds(at_.dials.downtime_limit()).count() / 2) return true;
    if (no_nearer(behind)) return true;
    help(catch_up_time(behind, processed - processed_at_begin_, static_cast<double>(relayed - relayed_at_begin_),
                       Seconds(elapsed)));
    return false;
  }

  double rate() const { return rate_; }

 private:
  /// Throttling helps only where a message is done so fast that the relay can be timed between two. Where it does not,
  /// nothing is gained by waiting: what is left is bounded, because the relay is never more than a window ahead of the
  /// source.
  bool no_nearer(std::uint64_t behind) {
    const TimePoint now = Clock::now();
    if (behind < nearest_ || !throttled_) {
      nearest_ = behind;
      nearest_at_ = now;
    }
    if (now - nearest_at_ <= std::max(kNoNearer, standstill(rate_))) return false;
    tell(at_.observer, Phase::replaying, fmt::format("the copy comes no nearer: {} messages are left to it", behind));
    return true;
  }

  /// Not as long as it may well be quick by itself.
  void help(const CatchUpTime& natural) {
    if (throttled_ || (natural.least && *natural.least <= kPatience)) return;
    if (at_.move.facts.admin_version)
      pump_.pace({kThrottledShare, at_.dials.downtime_limit() / 2, Millis{0}});
    else
      pump_.limit(std::max(1.0, rate_ * kThrottledShare));
    throttled_ = true;
    tell(at_.observer, Phase::replaying,
         fmt::format("the copy {}: the relay is throttled meanwhile", describe(natural)));
  }

  const CatchUp& at_;
  Pump& pump_;
  const std::string queue_;  // the copy's
  std::optional<TimePoint> begin_;
  bool begun_ = false;  // it was seen to process
  std::uint64_t relayed_at_begin_ = 0;
  std::uint64_t nearest_ = 0;  // the least that it was behind since the relay is throttled
  TimePoint nearest_at_;
  Unchanged unchanged_;
  double processed_at_begin_ = 0;
  double rate_ = 0;
  bool throttled_ = false;
};

}  // namespace

Ran CatchUp::run(const StopToken& stop) const {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.replay));
  Progress progress(*this);
  CopyLives copy(move.plan, primary.cluster);
  while (!progress.near_enough(limit)) {
    guards.check();
    copy.check(limit);
    primary.check(1, limit);
    limit.sleep(Millis{10}, "waiting for the copy to catch up");
  }
  dials.close_downtime_limit("too late: the move cuts over, or has");
  if (progress.rate() > 0) service_rate = progress.rate();
  return {};
}

}  // namespace ms2m
