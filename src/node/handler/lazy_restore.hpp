// A restore whose memory comes while the copy runs.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "node/handler/page_daemon.hpp"

namespace ms2m::node {

/// What becomes of the pages of a copy that runs.
enum class LastPage {
  came,
  missing,     ///< the daemon has failed; the copy has been killed
  copy_ended,  ///< before that: nobody needs them
};

struct LazyRestore {
  PagedRestore restore;   ///< with a pid file
  std::vector<int> kept;  ///< descriptors that the keeper has until it ends
  /// In the keeper, once, when that is known and the daemon has ended. Nothing else of it but `kept` is open.
  std::function<void(LastPage)> over;
};

/// For a process of its own, without other threads, that ends with what this returns: the runtime's exit code, or
/// kPagesMissing. When it is 0, a keeper runs on, our child: with the daemon, and a hand on the copy's page faults, in
/// a session of its own, in "/", with nothing of our caller's. It ends when `over` has returned, which is as soon as
/// the daemon or the copy has ended. Until then a copy whose daemon fails waits for its pages, and is killed before it
/// could read anything else; only when the keeper was killed, too, nobody does that. The copy's first process comes to
/// whom it would come to without the keeper.
int restore_lazily(const LazyRestore& what) noexcept;

}  // namespace ms2m::node
