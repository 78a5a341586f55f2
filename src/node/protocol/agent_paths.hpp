// What ms2m and the agent of a node say to each other around the program's bytes. HTTPS, no redirects:
//
//   GET  /v1/agent                 {"protocol", "build", "machine", "node"}
//   POST /v1/sessions/ID           {"silence_ms"}: starts the program; again: the same session
//   POST /v1/sessions/ID/in?at=N   bytes for its stdin, the first is number N -> {"taken": M}
//   GET  /v1/sessions/ID/out?at=N  its stdout from number N on, waiting for some
//   POST /v1/sessions/ID/end       closes its stdin
//   GET  /healthz                  whether it serves; the one that needs no token
//
// /in and /out answer 410 when the program has ended, /out with {"end", "said"}. ID is made by ms2m. Every request
// may be sent again when its answer was lost: bytes have numbers, so none is doubled and none is missing. Bytes below N
// of /out are given up with it. Only GET and POST, and never a POST without a length: what stands between may need
// that.
#pragma once
#include <chrono>
#include <cstddef>

namespace ms2m::node {

/// A header of its own: the API server's proxy keeps Authorization for itself.
inline constexpr const char* kTokenHeader = "Ms2m-Token";
/// Whose session it is; nobody else's request reaches it.
inline constexpr const char* kOwnerHeader = "Ms2m-Migration";
/// In every answer of an agent, with the version of this protocol: what has none is another's (a proxy's).
inline constexpr const char* kAgentHeader = "Ms2m-Agent";
inline constexpr int kAgentVersion = 1;

inline constexpr std::size_t kAgentBody = 1u << 20;  ///< most bytes of one request or answer
inline constexpr std::size_t kAgentId = 32;          ///< hexadecimal digits
inline constexpr std::size_t kAgentOwner = 64;       ///< most characters: letters, digits, '-', '.'

/// What silence_ms may be.
inline constexpr std::chrono::milliseconds kShortestSilence{500}, kLongestSilence{60000};

}  // namespace ms2m::node
