// The end of a lazy restore's memory (FeedPages), as its record says it.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "node/restore/store.hpp"

namespace ms2m::node {

inline constexpr const char* kFetcherDied = "whoever fetched it has died";

/// Waits until it is there or will not come, for 30 s at most. "": it is there, or it is no such restore, or it was
/// taken back; else why not, as the record has it, or kFetcherDied: then nobody can say. Throws Cancelled.
std::string await_last_page(const RestorePlace& place, const StopToken& stop);

}  // namespace ms2m::node
