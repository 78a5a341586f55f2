// Somebody between the nodes and a registry who changes what passes.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::test {

/// Each exchange has a connection of its own, so it is known by its first line.
class MeddlingRegistry {
 public:
  /// What to make of a piece of what is sent, or answered, in the exchange that begins with `request` ("GET /v2/..."),
  /// after `before` bytes of it. nullopt: the connection is cut there.
  using Meddle = std::function<std::optional<std::string>(const std::string& request, bool answer, std::size_t before,
                                                          std::string)>;
  /// In front of the registry, which has no TLS, on 127.0.0.1:`behind`.
  MeddlingRegistry(std::uint16_t behind, Meddle meddle);
  ~MeddlingRegistry();
  std::uint16_t port() const { return port_; }

 private:
  void accept();
  void pass(posix::UniqueFd client);
  const std::uint16_t behind_;
  const Meddle meddle_;
  std::atomic<bool> over_{false};
  posix::UniqueFd listening_;
  std::uint16_t port_ = 0;
  std::list<std::thread> passing_;  // the accepting thread's, until that has ended
  std::thread accepting_;
};

}  // namespace ms2m::test
