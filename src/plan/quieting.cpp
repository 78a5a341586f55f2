#include "plan/quieting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/objects/container.hpp"
#include "plan/dump_time.hpp"
#include "plan/limits.hpp"

namespace ms2m {
namespace {

/// A consumer that polls looks about once a second (ms2m-protocol(7)), and is given that long to do it by itself.
constexpr Seconds kPoll{1};
/// The whole of a freeze but the messages; measured in the lab: 0.05 s with 800 of them.
constexpr Seconds kFreezing{0.1};
/// Into a valve, a second. In the lab 42 700 were taken in 0.34 s, everything else of the freeze included; other
/// brokers are farther away, and messages larger.
constexpr double kTaken = 20000;
/// Between the freeze's end and what must come before it.
constexpr Millis kMargin{500};
/// Without the control protocol the source is frozen until its kubelet ends it, which takes a second or two, and ten on
/// a slow cluster.
constexpr Seconds kFrozenToTheEnd{10};
/// Until the data can move, in which messages go on coming.
constexpr Seconds kPreparing{3};

double per_second(const std::optional<double>& rate) { return rate.value_or(0); }

/// What it has in hand; unknown: what it may have.
double in_hand(const Facts& facts) {
  if (facts.totals) return static_cast<double>(facts.totals->unacked);
  if (!facts.queue || facts.queue->consumers.size() != 1) return 0;
  return static_cast<double>(facts.queue->consumers.front().prefetch);
}

/// Only of one that always has work the rate tells how long a message takes.
Seconds work_in_hand(const Facts& facts, bool busy) {
  const double rate = facts.queue ? per_second(facts.queue->rate_out) : 0;
  return busy && rate > 0 ? Seconds(in_hand(facts) / rate) : Seconds(0);
}

/// When it is to become quiet.
std::uint64_t ready_then(const Facts& facts) {
  const std::uint64_t now = facts.depth ? facts.depth->ready : 0;
  if (!is_outrun(facts)) return now;
  const double more = (per_second(facts.queue->rate_in) - *facts.queue->rate_out) * kPreparing.count();
  return now + static_cast<std::uint64_t>(more);
}

std::string rates(const Facts& facts) {
  if (!facts.queue || !facts.queue->rate_in || !facts.queue->rate_out) return "";
  return fmt::format(", {:.0f} a second come and {:.0f} go", *facts.queue->rate_in, *facts.queue->rate_out);
}

/// From the end of a freeze at work to that of the next one, which no probe may have interrupted: one that is answered
/// in between begins to count anew.
Seconds until_moved(const Facts& facts) {
  const auto container = container_in(facts.pod, facts.container);
  const Seconds work = work_in_hand(facts, true);
  return container && container->liveness && work > container->liveness->period + container->liveness->timeout
             ? Seconds(0)
             : work + frozen_in_the_move(facts);
}

QuietForecast by_valve(const Facts& facts, Seconds before, std::string because) {
  const std::uint64_t ready = ready_then(facts);
  QuietForecast forecast{
      QuietWay::valve,   before + work_in_hand(facts, true), Seconds(0), ready, bytes_of(facts, ready),
      std::move(because)};
  if (ready <= kStrictOrderReady || (facts.depth && facts.depth->consumers > 1)) return forecast;
  forecast.way = QuietWay::frozen_valve;
  forecast.frozen = time_to_take(ready);
  forecast.time += forecast.frozen;
  return forecast;
}

}  // namespace

std::optional<Seconds> liveness_allows(const Facts& facts) {
  const auto container = container_in(facts.pod, facts.container);
  if (!container || !container->liveness) return std::nullopt;
  return unanswered_for(*container->liveness);
}

Seconds frozen_in_the_move(const Facts& facts) {
  const Seconds dump = dump_time(facts);
  return facts.procedure.course == Course::valve ? std::max(kFrozenToTheEnd, dump) : dump;
}

bool is_outrun(const Facts& facts) {
  if (!facts.queue) return false;
  const auto& out = facts.queue->rate_out;
  return out && *out > 0 && per_second(facts.queue->rate_in) > *out;
}

Seconds time_to_take(std::uint64_t messages) { return kFreezing + Seconds(static_cast<double>(messages) / kTaken); }

std::optional<Bytes> bytes_of(const Facts& facts, std::uint64_t ready) {
  if (ready == 0) return Bytes{};
  if (!facts.queue || !facts.queue->mean_size) return std::nullopt;
  return Bytes{static_cast<std::uint64_t>(*facts.queue->mean_size * static_cast<double>(ready))};
}

std::string size_words(Bytes bytes) {
  const bool small = bytes.count < 1 << 20;
  return fmt::format("{:.1f} {}", static_cast<double>(bytes.count) / (small ? 1 << 10 : 1 << 20),
                     small ? "KiB" : "MiB");
}

std::optional<Trouble> against_bytes(const MigrationRequest& request, std::uint64_t messages,
                                     std::optional<Bytes> bytes) {
  if (!bytes || *bytes <= request.max_held_bytes) return std::nullopt;
  return Trouble{
      fmt::format("the valve of {} would hold about {} messages of {}, and --max-held-bytes is {}", request.queue,
                  messages, size_words(*bytes), size_words(request.max_held_bytes)),
      "raise --max-held-bytes, if the broker has so much memory to spare (it holds them meanwhile, ms2m does "
      "not), or wait until the consumer has caught up"};
}

QuietForecast forecast_quiet(const Facts& facts, const MigrationRequest& request) {
  const std::uint64_t ready = facts.depth ? facts.depth->ready : 0;
  const std::string waiting = fmt::format("{} message{} wait{}", ready, ready == 1 ? "" : "s", ready == 1 ? "s" : "");
  if (request.protocol == Protocol::none)
    return by_valve(facts, Seconds(0), "it knows no control queue, and " + waiting + rates(facts));
  const bool busy = ready > 0 && (ready >= kGrowingReady || is_outrun(facts));
  if (!facts.source_control || facts.source_control->consumers > 0)
    return {QuietWay::command,
            Seconds(0.1) + work_in_hand(facts, busy),
            Seconds(0),
            0,
            {},
            facts.source_control ? "it subscribes to its control queue" : "its control queue is not known"};
  if (!busy)
    return {QuietWay::command, kPoll, Seconds(0), 0, {}, "it polls its control queue, and " + waiting + rates(facts)};
  return by_valve(facts, 2 * kPoll, "it polls its control queue when it has no work, and " + waiting + rates(facts));
}

FreezeBudget freeze_budget(const Facts& facts, const MigrationRequest& request, std::chrono::seconds heartbeat) {
  FreezeBudget budget;
  budget.limit = request.freeze_limit;
  budget.bound = "--freeze-limit";
  const auto shorten = [&](Millis limit, const std::string& bound) {
    if (limit >= budget.limit) return;
    budget.limit = limit;
    budget.bound = bound;
  };
  if (heartbeat.count() > 0)
    shorten(Millis(heartbeat) - Millis{100}, fmt::format("its connection's heartbeats of {} s", heartbeat.count()));
  if (const auto allowed = liveness_allows(facts)) {
    const Seconds next = until_moved(facts);
    shorten(std::chrono::duration_cast<Millis>(*allowed - next) - kMargin,
            fmt::format("its liveness probe after {:g} s{}", allowed->count(),
                        next.count() > 0 ? fmt::format(", of which the move takes {:.1f} s", next.count()) : ""));
  }
  // The broker gives a silent client up after three heartbeats at the latest.
  const std::chrono::seconds mine(budget.limit >= Millis{8000} ? 2 : 1);
  budget.heartbeat = std::min(mine, std::chrono::duration_cast<std::chrono::seconds>(request.dead_man / 5));
  budget.work = budget.limit - 3 * Millis(budget.heartbeat) - kMargin;
  // The node hears of our death as the broker does, and of our silence after a third of the dead man's time.
  budget.linger = std::max(Millis{1000}, 3 * Millis(budget.heartbeat) + kMargin - request.dead_man / 3);
  return budget;
}

bool quorum_bounds(const Facts& facts) { return !facts.queue || facts.queue->type != "classic"; }

std::string quorum_words(const Facts& facts) {
  return std::string(facts.queue ? "" : "its type is not known, and ") +
         "a quorum queue gives one consumer no more than 2000 at a time";
}

std::optional<Trouble> against_frozen_valve(const Facts& facts, const MigrationRequest& request,
                                            std::optional<std::chrono::seconds> heartbeat, std::uint64_t ready) {
  const std::string wait = fmt::format("{} messages wait in {}", ready, request.queue);
  if (ready > request.max_held)
    return Trouble{fmt::format("{}, and --max-held is {}", wait, request.max_held),
                   "raise --max-held (the broker holds them in its memory meanwhile, ms2m does not), or wait until the "
                   "consumer has caught up"};
  if (const auto trouble = against_bytes(request, ready, bytes_of(facts, ready))) return trouble;
  if (quorum_bounds(facts) && ready > kQuorumReady)
    return Trouble{fmt::format("{}, and {}: the valve could not take them all", wait, quorum_words(facts)),
                   kBelowQuorum};
  if (!heartbeat)
    return Trouble{
        fmt::format("{}: to keep their order the source must stand still for a moment, and the heartbeats of its "
                    "connection to the broker are not known: one that is lost doubles messages",
                    wait),
        "let ms2m ask the broker's management API (a user with the tag monitoring), which names a consumer some "
        "seconds after it has connected, or wait until fewer than 150 wait"};
  const FreezeBudget budget = freeze_budget(facts, request, *heartbeat);
  const Seconds needed = time_to_take(ready);
  if (needed < Seconds(budget.work)) return std::nullopt;
  return Trouble{fmt::format("{}: to take them the source must stand still for about {:.1f} s, and {} allows {:.1f} s "
                             "for that",
                             wait, needed.count(), budget.bound, std::max(0.0, Seconds(budget.work).count())),
                 budget.bound == "--freeze-limit"
                     ? "raise --freeze-limit, or wait until fewer wait"
                     : "raise that, or wait until fewer than 150 messages wait (a consumer that subscribes to its "
                       "control queue needs no freeze, ms2m-protocol(7))"};
}

}  // namespace ms2m
