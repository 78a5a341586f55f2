// What looked at a pod of an emptied node, kept for its move.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cli/session.hpp"
#include "report/drain_report.hpp"

namespace ms2m::cli {

/// Keeps what it hears until it is told who hears it; from then on it hands everything on, those first. Thread-safe.
class Late final : public Observer {
 public:
  void on(const Event& event) noexcept override;
  /// `observer` outlives whoever tells this one.
  void heard_by(Observer& observer);

 private:
  std::mutex mutex_;  // held while telling: nothing overtakes what was kept
  std::vector<Event> kept_;
  Observer* observer_ = nullptr;
};

/// A pod's session from the look at it to the end of its move.
struct Opened {
  TimePoint looked;  ///< it was planned
  Late observer;
  Dials dials;
  MigrationRequest request;
  Session session;  // last: it uses the others
};

/// The sessions that wait, each with connections to the broker and two nodes: so many and no more. Any thread.
class DrainSessions {
 public:
  explicit DrainSessions(std::size_t most) : most_(most) {}
  /// When there are too many, that of the shortest move, of several the last row's, is returned: it would begin last
  /// (drain_groups.hpp). Whoever gets it closes it. All rows are of one vector.
  std::unique_ptr<Opened> keep(const report::Drained& row, std::unique_ptr<Opened> opened);
  /// Null: it has none, or one whose look is older than the engine takes for a move. That one is closed: queue, broker
  /// and logins are to be asked for again, too.
  std::unique_ptr<Opened> take(const report::Drained& row);

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::map<const report::Drained*, std::unique_ptr<Opened>> waiting_;
};

}  // namespace ms2m::cli
