// The data of a restore (restore_files.hpp), as the runtime handler takes it.
#pragma once
#include <string>

#include "node/program/channel.hpp"
#include "node/program/kept_memory.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

/// messages.hpp says what a stream that is cut off leaves: nothing. `node` is for the remedy.
///
/// Nothing is synced: that would cost the copy seconds, and a restore that was prepared before the machine started is
/// void (RestorePlace::read()).
StreamEnd write_restore(const std::string& root, const std::string& node, const WriteRestore& request, KeptMemory& kept,
                        Channel& channel);

}  // namespace ms2m::node
