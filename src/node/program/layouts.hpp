// Image layouts below their root: <root>/<name>/blobs/sha256/<digest>.
#pragma once
#include <string>

#include "node/program/channel.hpp"
#include "node/protocol/messages.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// messages.hpp says what a stream that is cut off leaves: nothing. `node` is for the remedy.
StreamEnd write_layout(const std::string& root, const std::string& node, const WriteLayout& request, Channel& channel);
Found remove_layout(const std::string& root, const std::string& directory);
/// Its layer alone, which is large, and somebody's memory: what tells of an import stays.
void remove_layer(const std::string& root, const std::string& directory);
/// The directory, or empty: there is none.
posix::UniqueFd open_layout(const std::string& root, const std::string& directory);

}  // namespace ms2m::node
