// What an archive says of a file of the upper directory.
#pragma once
#include <string>

#include "node/dump/root_overlay.hpp"
#include "node/tar/entry.hpp"

namespace ms2m::node {

struct FileFacts {
  TarEntry entry;            ///< without its link
  bool socket = false;       ///< an archive has no such kind
  bool white_out = false;    ///< overlay's device 0:0
  bool opaque = false;       ///< a directory that hides what is below it
  bool renamed = false;      ///< a directory whose rest is below another name
  bool no_contents = false;  ///< a file of which only owner or mode has changed (metacopy): they are in the whole
  std::uint64_t device = 0, inode = 0, links = 0;
};

/// `name` (no path) in the open directory; `path` is that below the root. Error{failed}.
FileFacts facts_of(const RootOverlay& overlay, int directory, const std::string& name, const std::string& path);

}  // namespace ms2m::node
