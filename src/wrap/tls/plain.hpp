// A TCP connection without anything in it that keeps a secret.
#pragma once
#include "wrap/posix/unique_fd.hpp"
#include "wrap/tls/stream.hpp"

namespace ms2m::tls {

class Plain final : public Stream {
 public:
  /// `socket`: a connected one; becomes non-blocking.
  explicit Plain(posix::UniqueFd socket);
  void send(std::string_view bytes, const StopToken& stop) override;
  std::size_t receive(std::span<char> into, const StopToken& stop) override;
  void end(const StopToken& stop) override;

 private:
  posix::UniqueFd socket_;
};

}  // namespace ms2m::tls
