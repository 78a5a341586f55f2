#include "kube/retry.hpp"

#include <algorithm>
#include <cstdlib>

namespace ms2m {

Millis back_off(int attempt, double random) {
  const double base = std::min(50.0 * static_cast<double>(1 << std::min(attempt, 10)), 2000.0);
  return Millis{static_cast<Millis::rep>(base * (0.75 + random / 2))};
}

std::optional<Millis> retry_after_answer(const RetryRule& rule, const HttpResponse& answer, int attempt,
                                         double random) {
  const int status = answer.status;
  if (status != 429 && status < 500) return std::nullopt;
  const std::string header = answer.header("retry-after");
  const bool seconds = !header.empty() && header.find_first_not_of("0123456789") == std::string::npos;
  if (seconds && (status == 429 || status == 503)) {
    if (attempt >= kMaxRetryAfter) return std::nullopt;
    const long wait = std::strtol(header.c_str(), nullptr, 10);
    return std::max(Millis{std::clamp(wait, 0L, 30L) * 1000}, Millis{10});
  }
  if (attempt >= kMaxRetries) return std::nullopt;
  const bool transient = status == 500 || status == 502 || status == 503 || status == 504;
  if (status == 429 || (transient && rule.read_only)) return back_off(attempt, random);
  return std::nullopt;
}

std::optional<Millis> retry_after_failure(const RetryRule& rule, const TransportError& failure, int attempt,
                                          double random) {
  if (failure.kind() != ErrorKind::unavailable || attempt >= kMaxRetries) return std::nullopt;
  if (failure.sent() && !rule.idempotent) return std::nullopt;
  return back_off(attempt, random);
}

}  // namespace ms2m
