#include "handover/relay_drain.hpp"

#include <utility>

#include "handover/queue_names.hpp"

namespace ms2m {
namespace {

/// A copy that passed through its queue unseen is called for the rest again.
constexpr std::chrono::seconds kCallAgain{5};

}  // namespace

bool RelayDrain::finished(const StopToken& stop) {
  if (!finished_) finished_ = look(stop);
  return finished_;
}

bool RelayDrain::look(const StopToken& stop) {
  const TimePoint begin = Clock::now();
  // Asked before what is left: what it gave back on its way is in the queue then.
  const bool elsewhere = sent_away_ && spec_.arrived(stop);
  // The dearest question, and of one that has to leave the answer matters only before it is told to and after it has
  // arrived.
  const bool ask = !spec_.must_leave || !sent_away_ || elsewhere;
  const auto exact = ask ? spec_.outstanding(stop) : std::nullopt;
  const auto own = broker_.depth(spec_.queue, stop);
  if (!own) return true;
  const std::uint64_t left = exact.value_or(own->ready);
  if (ask && !sent_away_) {
    if (left != std::exchange(left_, left).value_or(left)) worked_at_ = counted_at_;
    counted_at_ = begin;
  }
  if (own->consumers == 0 && (own->ready > 0 || (elsewhere && left > 0))) {
    call_back(stop);
    return false;
  }
  const bool gone = own->consumers == 0 && (!sent_away_ || elsewhere);
  const bool empty = left == 0 && own->ready == 0 && (exact || gone);
  if (empty && (!spec_.must_leave || (sent_away_ && gone))) return true;
  if (sent_away_) return false;
  if (own->consumers > 0) called_.reset();
  // Without exact totals a standstill cannot be told from work at the first look, so it is not waited for.
  const bool stands_still = own->consumers > 0 && (unchanged_.look(left) > patience_ || (!exact && never_called_));
  if (own->ready == 0 && (empty || stands_still)) send_away(stop);
  return false;
}

void RelayDrain::send_to(const std::string& queue, const char* role, const StopToken& stop) {
  broker_.publish({"", spec_.control, start_replay(queue, role, spec_.id), "application/json", ""}, stop);
}

void RelayDrain::send_away(const StopToken& stop) {
  send_to(spec_.hold, "hold", stop);
  sent_away_ = true;
  called_.reset();
}

void RelayDrain::call_back(const StopToken& stop) {
  const bool again = called_.has_value();
  if (again && Clock::now() - *called_ < kCallAgain) return;
  send_to(spec_.queue, spec_.role, stop);
  called_ = Clock::now();
  never_called_ = sent_away_ = false;
  unchanged_ = Unchanged();
  if (!again) patience_ *= 2;
}

}  // namespace ms2m
