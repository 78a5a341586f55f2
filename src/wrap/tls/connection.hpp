// One TLS connection: between two that know each other's certificate, and nothing else of each other, or to a server
// that an authority vouches for.
#pragma once
#include <memory>
#include <string>

#include "wrap/posix/unique_fd.hpp"
#include "wrap/tls/identity.hpp"
#include "wrap/tls/moving.hpp"
#include "wrap/tls/stream.hpp"

namespace ms2m::tls {

enum class Side { client, server };

/// By whom a server is known: the name (or address) that its certificate must have, and who may have signed that.
struct Authority {
  std::string host;
  std::string certificates;  ///< PEM; empty: those that this machine trusts
};

class Connection final : public Stream {
 public:
  /// TLS 1.3. `socket`: a connected one; becomes non-blocking. `peer`: fingerprint of the only certificate that is
  /// accepted.
  Connection(posix::UniqueFd socket, Side side, const Identity& own, std::string peer);
  /// TLS 1.2 or later, as the client of a server that does not know us. Error{usage}: there is no certificate in
  /// `certificates`.
  Connection(posix::UniqueFd socket, const Authority& authority);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// A step of the handshake; never waits. `nothing`: it is done, both have proved who they are to this side. A client
  /// has not heard then whether the server takes it: it hears that by what comes, or does not. Error{forbidden}: the
  /// other side has another certificate, or none, or one that is not trusted; {unavailable}: it speaks no such TLS, or
  /// has gone.
  Want shake_hands();
  void shake_hands(const StopToken& stop);

  void send(std::string_view bytes, const StopToken& stop) override;
  std::size_t receive(std::span<char> into, const StopToken& stop) override;
  void end(const StopToken& stop) override;

  int fd() const noexcept { return socket_.get(); }

 private:
  struct State;
  void start(Side side);
  Want wanted(int result, const char* doing);
  posix::UniqueFd socket_;
  std::unique_ptr<State> state_;
};

}  // namespace ms2m::tls
