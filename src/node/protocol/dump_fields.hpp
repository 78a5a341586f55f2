// JSON of the requests about dumps, and about the pages that one keeps back. For messages.cpp.
#pragma once
#include "node/protocol/codec.hpp"
#include "node/protocol/dump_requests.hpp"
#include "node/protocol/restore_requests.hpp"

// Found by the types of their arguments.
namespace ms2m::node {

inline void fields(auto& f, codec::Of<ReadDump> auto& m) {
  f("id", m.id);
  f("round", m.round);
  f("passage", m.passage);
  f("compress", m.compress);
}
inline void fields(auto& f, codec::Of<DumpAnswer> auto& m) {
  f("frozen_ms", m.frozen_ms);
  f("bytes", m.bytes);
  f("pages", m.pages);
}
inline void fields(auto& f, codec::Of<DumpContainer> auto& m) {
  f("id", m.id);
  f("container", m.container);
  f("serve_ms", m.serve_ms);
}
inline void fields(auto& f, codec::Of<AttendCheckpoint> auto& m) {
  f("container", m.container);
  f("over", m.over);
}
inline void fields(auto& f, codec::Of<RemoveDump> auto& m) { f("id", m.id); }
inline void fields(auto& f, codec::Of<PagesEnd> auto& m) { f("bytes", m.bytes); }
inline void fields(auto& f, codec::Of<ServePages> auto& m) {
  f("id", m.id);
  f("compress", m.compress);
  f("lazy", m.lazy);
}
inline void fields(auto& f, codec::Of<FeedPages> auto& m) {
  f("id", m.id);
  f("packed", m.packed);
  f("lazy", m.lazy);
}

}  // namespace ms2m::node
