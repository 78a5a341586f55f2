// Requests about a passage: a connection of two nodes' own, for one stream. Part of messages.hpp.
//
// The node of the stream's source offers one, with a key and a certificate that it makes for it; the target's opens it,
// with its own; the source's enters. The certificates' fingerprints come and go over the sessions, the keys never leave
// their nodes. Then a request that reads at the source and one that writes at the target name it, each once: what would
// travel in their channels as data goes through it instead (TLS 1.3, and nothing but these bytes in it), until its end
// is told in TLS itself. Who reads begins to send when its channel is granted credit, however much; who writes says by
// a progress that it is ready, and by others how much has come. A stream's end (StreamEnd) is told in the channels as
// ever.
//
// A passage is the session's, by its ID; a newer one of that ID takes its place.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/units.hpp"

namespace ms2m::node {

struct Found;

struct PassageKey {
  std::string fingerprint;  ///< SHA-256 of the certificate, hex
};

struct OfferPassage {
  static constexpr const char* kDo = "offer_passage";
  using Answer = PassageKey;
  std::string id;
};

/// Where it is open.
struct PassageEnd {
  std::string address;
  std::uint64_t port = 0;
};

/// The payload of the one progress of OpenPassage.
struct PassageEnds {
  std::vector<PassageEnd> ends;
  std::string fingerprint;
};

struct PassageOpened {
  std::uint64_t strangers = 0;  ///< that were turned away
};

/// Listens on those of `addresses` that the node has: says where (PassageEnds), and answers when whoever has `peer`'s
/// certificate has come; others are turned away. Listens no longer than that, than kPassageOpen, or than the request.
/// Error{unavailable}: the node has none of the addresses, or cannot listen there; {timeout}: it has not
/// come; how many others have, is told.
struct OpenPassage {
  static constexpr const char* kDo = "open_passage";
  using Answer = PassageOpened;
  std::string id;
  std::vector<std::string> addresses;
  std::uint64_t port = 0;  ///< 0: any
  std::string peer;        ///< fingerprint
};
inline constexpr Millis kPassageOpen{8000};

/// To the first of them that lets it in; tries each no longer than kPassageLimit. Only of a passage that this session
/// has offered. Answered with that end. Error{unavailable}, with every address and why; {forbidden}: who answers there
/// has another certificate.
struct EnterPassage {
  static constexpr const char* kDo = "enter_passage";
  using Answer = PassageEnd;
  std::string id;
  std::vector<PassageEnd> ends;
  std::string peer;
};
inline constexpr Millis kPassageLimit{3000};

/// One that no request has used; and the key of one that was only offered.
struct DropPassage {
  static constexpr const char* kDo = "drop_passage";
  using Answer = Found;
  std::string id;
};

/// How a request that reads uses one. Its stream goes no faster than per_second, and evenly. `tells`: how much has gone
/// is told by a progress now and then, as who writes does it; for where nobody writes at the same time.
struct PassageUse {
  std::string id;
  std::optional<Bytes> per_second{};
  bool tells = false;
};

}  // namespace ms2m::node
