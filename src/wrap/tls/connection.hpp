// One TLS 1.3 connection between two that know each other's certificate, and nothing else of each other.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ms2m/stop.hpp"
#include "wrap/posix/unique_fd.hpp"
#include "wrap/tls/identity.hpp"

namespace ms2m::tls {

enum class Side { client, server };

/// What a step waits for before it can go on.
enum class Want { nothing, readable, writable };

/// No two threads at a time. Waits end by the token (Cancelled, Error{timeout}), and when nothing moves for kStill.
/// Error{unavailable}: the connection broke, or was cut: an end that the other side did not tell is none.
class Connection {
 public:
  static constexpr Millis kStill{60'000};

  /// `socket`: a connected one; becomes non-blocking. `peer`: fingerprint of the only certificate that is accepted.
  Connection(posix::UniqueFd socket, Side side, const Identity& own, std::string peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// A step of the handshake; never waits. `nothing`: it is done, both have proved who they are to this side. A client
  /// has not heard then whether the server takes it: it hears that by what comes, or does not. Error{forbidden}: the
  /// other side has another certificate, or none; {unavailable}: it speaks no such TLS, or has gone.
  Want shake_hands();
  void shake_hands(const StopToken& stop);

  /// All of it: it is encrypted, and in the kernel's hands. Waits as long as the other side does not read.
  void send(std::string_view bytes, const StopToken& stop);
  /// At least a byte; 0: the other side has ended its stream.
  std::size_t receive(std::span<char> into, const StopToken& stop);
  /// Tells the other side that this was all.
  void end(const StopToken& stop);

  int fd() const noexcept { return socket_.get(); }

 private:
  struct State;
  Want wanted(int result, const char* doing);
  void wait(Want want, const StopToken& stop, const char* doing) const;
  posix::UniqueFd socket_;
  std::unique_ptr<State> state_;
};

}  // namespace ms2m::tls
