// Bytes to and from one other side.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "ms2m/stop.hpp"

namespace ms2m::tls {

/// No two threads at a time. Waits end by the token (Cancelled, Error{timeout}), and when nothing moves for kStill.
/// Error{unavailable}: the connection broke, or was cut: an end that the other side did not tell is none.
class Stream {
 public:
  static constexpr Millis kStill{60'000};

  virtual ~Stream() = default;
  /// All of it: it is in the kernel's hands. Waits as long as the other side does not read.
  virtual void send(std::string_view bytes, const StopToken& stop) = 0;
  /// At least a byte; 0: the other side has ended its stream.
  virtual std::size_t receive(std::span<char> into, const StopToken& stop) = 0;
  /// Tells the other side that this was all.
  virtual void end(const StopToken& stop) = 0;
  /// Instead of end(), when there will be no more: what the other side has of it is taken back, where that is possible.
  virtual void break_off(const StopToken&) {}
};

}  // namespace ms2m::tls
