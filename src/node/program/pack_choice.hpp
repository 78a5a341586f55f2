// Whether compressing pays, by what was measured on the way. Pure: it asks no clock.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ms2m/units.hpp"

namespace ms2m::node {

/// Of `--compress auto`. As long as the sender itself, and not its link, is what a stream waits for, nothing is
/// compressed, and nothing is spent on finding out. When a span of it was sent in which the sender has waited, one
/// block is compressed as a trial: with its ratio, what it cost, and how fast the link was, the time of a compressed
/// stream is predicted, and compared with what there was. Compressing goes on as long as spans are really faster than
/// that; while the link then waits for the sender, it is looked now and then, ever less often, whether the link has
/// become faster. What did not pay is tried again ever less often, too.
class PackChoice {
 public:
  struct Sent {
    std::uint64_t plain = 0, travelled = 0;
    Seconds making{0};   ///< reading and hashing, since the block before
    Seconds packing{0};  ///< 0: it was not tried
    Seconds waiting{0};  ///< for the link to take it
  };

  /// Of the next block.
  bool compress() const noexcept { return trial_ || packed_; }
  void sent(const Sent& block) noexcept;

 private:
  struct Span {
    double plain = 0, travelled = 0, making = 0, packing = 0, waiting = 0;
    double elapsed() const noexcept { return making + packing + waiting; }
    double share_waited() const noexcept { return elapsed() > 0 ? waiting / elapsed() : 0; }
    double per_byte() const noexcept { return elapsed() / plain; }
  };
  void after_trial(const Sent& block) noexcept;
  void after_plain_span() noexcept;
  void after_packed_span() noexcept;
  void leave() noexcept;

  Span span_{}, plain_span_{};
  bool packed_ = false, trial_ = false;
  double without_ = 0;       ///< seconds a byte, as it was without
  unsigned pause_ = 0;       ///< spans in which it is not tried
  unsigned next_pause_ = 1;  ///< after the next failure
  unsigned since_look_ = 0;  ///< spans
  unsigned next_look_ = 8;   ///< after so many of them
};

}  // namespace ms2m::node
