// JSON of the requests about checkpoint archives. For messages.cpp.
#pragma once
#include "node/protocol/archive_requests.hpp"
#include "node/protocol/codec.hpp"

// Found by the types of their arguments.
namespace ms2m::node {

inline void fields(auto& f, codec::Of<ArchiveList> auto& m) { f("files", m.files); }
inline void fields(auto& f, codec::Of<ListArchives> auto& m) {
  f("directory", m.of.directory);
  f("ns", m.of.ns);
  f("pod", m.of.pod);
  f("container", m.of.container);
  f("known", m.known);
  f("container_id", m.container_id);
  f("wait_ms", m.wait_ms);
}
inline void fields(auto& f, codec::Of<WaitArchive> auto& m) {
  f("path", m.path);
  f("limit_ms", m.limit_ms);
}
inline void fields(auto& f, codec::Of<RemoveArchive> auto& m) { f("path", m.path); }

}  // namespace ms2m::node
