// When a request is repeated, and after how long. Pure. Source: client-go rest/with_retry.go, util/net.
#pragma once
#include <optional>
#include <string>

#include "ms2m/units.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

inline constexpr int kMaxRetryAfter = 10;  ///< repeats on the server's own word (429/503 with Retry-After)
inline constexpr int kMaxRetries = 5;      ///< repeats on our own guess

struct RetryRule {
  bool read_only = false;   ///< GET
  bool idempotent = false;  ///< doing it twice is the same as doing it once
};

/// 50 ms, doubled up to 2 s; `random` in [0,1) spreads it over 75-125 %.
Millis back_off(int attempt, double random);

/// `attempt`: repeats so far. nullopt: this answer is final.
/// 429 and 503 with Retry-After: whatever the verb (the server has not acted), after the time it names, at most 30 s
/// each. 429 without: back-off. 500, 502, 503, 504: back-off for read-only requests only.
std::optional<Millis> retry_after_answer(const RetryRule& rule, const HttpResponse& answer, int attempt, double random);

/// A broken connection: when the request was not sent, or may be sent twice. Never for a refused certificate.
std::optional<Millis> retry_after_failure(const RetryRule& rule, const TransportError& failure, int attempt,
                                          double random);

}  // namespace ms2m
