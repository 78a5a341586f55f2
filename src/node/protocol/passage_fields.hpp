// JSON of the requests about passages. For messages.cpp.
#pragma once
#include "node/protocol/codec.hpp"
#include "node/protocol/passage_requests.hpp"

// Found by the types of their arguments.
namespace ms2m::node {

inline void fields(auto& f, codec::Of<PassageUse> auto& m) {
  f("id", m.id);
  f("per_second", m.per_second);
  f("tells", m.tells);
}
inline void fields(auto& f, codec::Of<PassageKey> auto& m) { f("fingerprint", m.fingerprint); }
inline void fields(auto& f, codec::Of<OfferPassage> auto& m) { f("id", m.id); }
inline void fields(auto& f, codec::Of<PassageEnd> auto& m) {
  f("address", m.address);
  f("port", m.port);
}
inline void fields(auto& f, codec::Of<PassageEnds> auto& m) {
  f("ends", m.ends);
  f("fingerprint", m.fingerprint);
}
inline void fields(auto& f, codec::Of<PassageOpened> auto& m) { f("strangers", m.strangers); }
inline void fields(auto& f, codec::Of<OpenPassage> auto& m) {
  f("id", m.id);
  f("addresses", m.addresses);
  f("port", m.port);
  f("peer", m.peer);
}
inline void fields(auto& f, codec::Of<DropPassage> auto& m) { f("id", m.id); }
inline void fields(auto& f, codec::Of<EnterPassage> auto& m) {
  f("id", m.id);
  f("ends", m.ends);
  f("peer", m.peer);
}

}  // namespace ms2m::node
