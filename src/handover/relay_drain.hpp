// Shadow: how a copy leaves its own queue of the relay so that nothing stays behind in it. Both copies do before the
// pivot, and the source when the move is undone.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "handover/waits.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

struct RelayDrainSpec {
  std::string queue;    ///< the copy's own
  std::string control;  ///< its control queue
  std::string hold;
  const char* role;  ///< "source" or "target", for the payload
  std::string id;    ///< of the migration, for the payload; may be empty
  /// For so long what is left may stay the same before the copy counts as standing still: it holds a part of a batch,
  /// say, and acknowledges it only when it gets more, or when it is sent away.
  Seconds patience = kStandstill;
  /// True: it must end on the hold queue. False: it may stay where it is once nothing is left.
  bool must_leave = false;
  /// Ready + unacknowledged messages of `queue`, exact; nullopt: not known, and then only what is ready is seen.
  std::function<std::optional<std::uint64_t>(const StopToken& stop)> outstanding{};
  /// Whether it listens somewhere else. Whoever does has acknowledged or refused what it had before that, on the same
  /// channel.
  std::function<bool(const StopToken& stop)> arrived{};
};

/// Precondition: nothing comes into the queue any more. Keeps nothing but what it has seen, so a later process can
/// begin anew: a copy that is found elsewhere although messages wait in its queue (it was told to go, or started anew)
/// is called for them.
///
/// A copy with something in hand must not be sent away for good, and only exact totals tell. Without them, or when it
/// stands still, it is sent to the hold queue, lest it takes something new before what it gives back; what it gave back
/// it is called for again, and each time it has twice as long.
class RelayDrain {
 public:
  RelayDrain(Broker& broker, RelayDrainSpec spec)
      : broker_(broker), spec_(std::move(spec)), patience_(spec_.patience) {}

  /// One look, and what follows from it. True (from then on): nothing is left in the queue, nothing of it is
  /// unacknowledged, and if the copy was sent away, or must leave, it has arrived. A queue that is gone was left by an
  /// earlier attempt. Errors of the broker pass through. Not to be called from two threads.
  bool finished(const StopToken& stop);

  /// A moment before which the copy did not end its work: the look before the one that last saw less left than it.
  /// nullopt: nothing became less.
  std::optional<TimePoint> worked_at() const { return worked_at_; }

 private:
  bool look(const StopToken& stop);
  void send_to(const std::string& queue, const char* role, const StopToken& stop);
  void send_away(const StopToken& stop);
  void call_back(const StopToken& stop);

  Broker& broker_;
  const RelayDrainSpec spec_;
  Unchanged unchanged_;
  Seconds patience_;
  std::optional<TimePoint> called_, worked_at_, counted_at_;
  std::optional<std::uint64_t> left_;
  bool never_called_ = true, sent_away_ = false, finished_ = false;
};

}  // namespace ms2m
