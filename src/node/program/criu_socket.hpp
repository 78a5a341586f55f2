// A socket at whose other end is a CRIU.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "ms2m/stop.hpp"

namespace ms2m::node {

/// One thread may put while another one gets. All throw Cancelled, Error{failed}.
class CriuSocket {
 public:
  /// Both must outlive it.
  CriuSocket(int fd, const StopToken& stop) : fd_(fd), stop_(stop) {}
  /// False: the other end has been closed.
  bool put(std::string_view bytes) const;
  /// All of `into`. False: the other end has been closed; what came before that is lost.
  bool get(std::span<char> into) const;
  /// What is put is on its way at once, as far as that much.
  void widen(int bytes) const noexcept;
  /// Nothing is put any more; the other end sees that when it has got what was.
  void end_putting() const noexcept;
  /// Whoever puts or gets finds it closed.
  void close() const noexcept;

 private:
  void await(short what) const;
  const int fd_;
  const StopToken& stop_;
};

}  // namespace ms2m::node
