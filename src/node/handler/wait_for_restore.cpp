#include "node/handler/wait_for_restore.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kLongest = std::chrono::hours(24);  // until it is looked again

std::uint64_t now() { return static_cast<std::uint64_t>(std::time(nullptr)); }

Error refusal(const RestorePlace& place, const std::string& why) {
  return Error(ErrorKind::refused, "restore " + place.id() + " " + why);
}

/// It was not used in its time: nobody has to look at a clock any more.
void void_when_over(RestorePlace& place) {
  place.change([](Record& record) {
    if (record.state == RestoreState::prepared && now() >= record.expires) record.state = RestoreState::voided;
  });
}

/// Under the record's lock: what was decided holds, and this `create` is the newest.
Underway take(RestorePlace& place, const Waiting& waiting, const Asking& asking, const std::string& container) {
  std::optional<Underway> underway;
  place.change([&](Record& record) {
    const Decision again = decide(record, asking, now());
    if (again.what != AtCreate::restore) throw refusal(place, again.why);
    if (!waiting.newest()) throw Error(ErrorKind::conflict, "a newer create has taken restore " + place.id());
    underway.emplace(place.directory());
    record.state = RestoreState::taken;
    record.container_id = container;
    record.failure.clear();
  });
  return std::move(*underway);
}

std::string seconds(std::uint64_t ms) { return std::to_string(ms / 1000) + " s"; }

}  // namespace

std::optional<Underway> wait_for_restore(RestorePlace& place, const Asking& asking, const std::string& container) {
  DirectoryWatch watch(place.directory());
  std::optional<Waiting> waiting;
  const TimePoint begin = Clock::now();
  for (;;) {
    const auto record = place.read();
    const std::uint64_t time = now();
    const Decision decision = decide(record, asking, time);
    if (decision.what == AtCreate::cold) return std::nullopt;
    if (decision.what == AtCreate::refuse) {
      if (record) void_when_over(place);
      throw refusal(place, decision.why);
    }
    if (!waiting) waiting.emplace(place.directory());
    if (!waiting->newest()) {
      if (!place.read()) continue;  // it was removed, with the file of who waits
      throw Error(ErrorKind::conflict, "a newer create waits for restore " + place.id());
    }
    if (decision.what == AtCreate::restore) return take(place, *waiting, asking, container);
    const TimePoint limit = begin + Millis(std::min<std::uint64_t>(record->wait_ms, Millis(kLongest).count()));
    const auto valid = std::min<std::uint64_t>(record->expires - time, kLongest.count());
    const TimePoint expiry = Clock::now() + std::chrono::seconds(valid);
    if (!watch.await(StopToken().until(std::min(limit, expiry))) && Clock::now() >= limit)
      throw Error(ErrorKind::timeout,
                  "restore " + place.id() + ": waited " + seconds(record->wait_ms) + " for " + decision.why);
  }
}

}  // namespace ms2m::node
