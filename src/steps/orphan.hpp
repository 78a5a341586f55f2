// A StatefulSet lets go of its pods: with it, deleting one would bring a cold one.
#pragma once
#include <future>
#include <vector>

#include "steps/step.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// The StatefulSet as it is now. Error{conflict} when it was changed since it was looked at.
Json unchanged_set(const Move& move, Cluster& cluster, const StopToken& stop);

struct OrphanSet {
  static constexpr Phase kPhase = Phase::replaying;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;
  /// The same; the future's get() waits for its end, and throws as run() does.
  std::future<void> begin(Phase phase, const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Journal& journal;
  Operations& operations;
};

/// While the data is on its way, by Transfer or BringData, the garbage collector lets go of the pods.
template <class Way>
struct WhileOrphaning {
  static constexpr Phase kPhase = Phase::transferring;
  static constexpr Wait kWait{WaitFor::api_server, "the set to let go of its pods"};
  static std::vector<Announced> announce(const Move& move) {
    std::vector<Announced> all = OrphanSet::announce(move);
    for (const Announced& each : Way::announce(move)) all.push_back(each);
    return all;
  }
  Ran run(const StopToken& stop) const {
    auto orphaning = orphan.begin(kPhase, stop);
    const Ran ran = way.run(stop);
    orphaning.get();
    return ran;
  }

  OrphanSet orphan;
  Way way;
};

}  // namespace ms2m
