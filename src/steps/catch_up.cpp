// Shadow: the copy works off what was relayed meanwhile.
#include <fmt/format.h>

#include <algorithm>

#include "handover/catch_up.hpp"
#include "handover/waits.hpp"
#include "steps/guards.hpp"
#include "steps/relay.hpp"
#include "steps/standstill.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

/// A copy that needs longer than this to catch up at the present rates is helped by throttling the relay.
constexpr Seconds kPatience{1};
/// Throttled, it gains three quarters of the time, so within this it has come nearer, or never will.
constexpr Seconds kNoNearer{10};

std::uint64_t backlog(Run& run, const std::string& queue, const StopToken& stop) {
  if (const auto exact = outstanding(run, queue, stop)) return *exact;
  return depth_of(run.ports.broker, queue, stop).ready;
}

/// Measures how fast the copy works its backlog off, and decides when to cut over.
class CatchUp {
 public:
  explicit CatchUp(Run& run) : run_(run) {}

  bool near_enough(const StopToken& stop) {
    const std::uint64_t relayed = run_.pump->stats().relayed;
    const std::uint64_t behind = backlog(run_, run_.names.target, stop);
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
    if (unchanged_.look(behind) > standstill(rate_) && depth_of(run_.ports.broker, run_.names.target, stop).ready == 0)
      return true;
    if (rate_ <= 0) return false;
    const double drain = static_cast<double>(behind) / rate_;
    if (drain <= Seconds(run_.request.downtime_limit).count() / 2) return true;
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
    run_.tell(Phase::replaying, fmt::format("the copy comes no nearer: {} messages are left to it", behind));
    return true;
  }

  /// Not as long as it may well be quick by itself.
  void help(const CatchUpTime& natural) {
    if (throttled_ || (natural.least && *natural.least <= kPatience)) return;
    if (run_.facts.admin_version)
      run_.pump->pace({kThrottledShare, run_.request.downtime_limit / 2, Millis{0}});
    else
      run_.pump->limit(std::max(1.0, rate_ * kThrottledShare));
    throttled_ = true;
    run_.tell(Phase::replaying, fmt::format("the copy {}: the relay is throttled meanwhile", describe(natural)));
  }

  Run& run_;
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

void run_catch_up(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.replay));
  CatchUp progress(run);
  while (!progress.near_enough(limit)) {
    check_guards(run);
    check_nobody_came(run, 1, limit);
    limit.sleep(Millis{10}, "waiting for the copy to catch up");
  }
  if (progress.rate() > 0) run.measures.service_rate = progress.rate();
}

}  // namespace

const Step step::catch_up{Phase::replaying, nothing, run_catch_up};

}  // namespace ms2m
