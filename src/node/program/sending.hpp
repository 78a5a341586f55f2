// A checkpoint's archive on its way to ms2m.
#pragma once
#include <string>

#include "node/criu/increment.hpp"
#include "node/program/channel.hpp"
#include "node/program/kept_memory.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

/// All of it. `total`: how much that is; Error{failed}: more comes, or less. `what` is for messages.
StreamEnd send_whole(const ReadBytes& archive, Bytes total, const std::string& what, Channel& channel);
/// A round of the migration `id` (ReadArchive). `archive` is read twice.
StreamEnd send_round(const Increment::Archive& archive, Round round, const std::string& id, KeptMemory& kept,
                     Channel& channel);

}  // namespace ms2m::node
