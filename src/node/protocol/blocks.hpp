// A packed stream: what travels in place of a stream's own bytes when a request says so. Blocks, one behind the other:
//   u32 plain size | u32 size as it travels | so many bytes        (numbers big endian)
//
// A block whose two sizes are equal has the bytes themselves, any other one a Zstandard frame of them. None is empty,
// and none is larger as it travels. Credit counts what travels; sizes and digests that are told (StreamProgress,
// StreamEnd) are the stream's own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms2m::node {

inline constexpr std::size_t kMaxBlock = 256u << 10;  ///< plain

struct BlockHead {
  static constexpr std::size_t kSize = 8;
  std::uint32_t plain = 0, travelling = 0;
  bool as_it_is() const noexcept { return plain == travelling; }
  friend bool operator==(const BlockHead&, const BlockHead&) = default;
};

std::string print_head(const BlockHead& head);
/// Of kSize bytes. Error{failed}: there is no such block.
BlockHead parse_head(std::string_view bytes);

/// Follows a packed stream without unpacking it. Not thread-safe.
class BlockMeter {
 public:
  /// What comes next, in pieces of any size. Returns how many plain bytes are in the blocks that have begun since.
  /// Error as parse_head().
  std::uint64_t feed(std::string_view bytes);
  /// False: the stream is cut off if it ends here.
  bool between_blocks() const noexcept { return head_.empty() && left_ == 0; }

 private:
  std::string head_;  ///< what there is of the next one
  std::size_t left_ = 0;
};

}  // namespace ms2m::node
