// Lets in the one that is expected.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "wrap/tls/connection.hpp"

namespace ms2m::tls {

/// A stranger, and who says nothing, holds up nobody: several may be at the door at a time, each for kPatience at most.
class Door {
 public:
  static constexpr Millis kPatience{3000};
  static constexpr std::size_t kMostWaiting = 16;

  /// `peer`: the fingerprint of who is expected.
  Door(std::vector<posix::UniqueFd> listening, const Identity& own, std::string peer)
      : listening_(std::move(listening)), own_(own), peer_(std::move(peer)) {}

  /// The connection with it, its handshake done; the door is shut then. Blocks. Cancelled, Error{timeout} by `stop`.
  std::unique_ptr<Connection> admit(const StopToken& stop);
  /// That were turned away.
  std::uint64_t strangers() const noexcept { return strangers_; }

 private:
  struct Waiting {
    std::unique_ptr<Connection> connection;
    Want want = Want::readable;
    TimePoint until{};
  };
  void wait(const StopToken& stop) const;
  void let_come();
  void turn_away(std::list<Waiting>::iterator& each);
  /// Null: not yet.
  std::unique_ptr<Connection> look();

  std::vector<posix::UniqueFd> listening_;
  const Identity& own_;
  const std::string peer_;
  std::list<Waiting> waiting_;
  std::uint64_t strangers_ = 0;
};

}  // namespace ms2m::tls
