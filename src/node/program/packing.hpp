// A stream packed (blocks.hpp) on its way out, and unpacked where it lands.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/protocol/blocks.hpp"
#include "wrap/zstd/block.hpp"

namespace ms2m::node {

/// Not thread-safe.
class Packer {
 public:
  Packer();
  /// The block of at most kMaxBlock, and not nothing, compressed, until the next call; empty: it would be no smaller.
  std::string_view compressed(std::string_view plain);

 private:
  zstd::Compressor zstd_;
  std::string block_;
};

/// Of a block that is not compressed: what goes before its bytes.
std::string head_of(std::string_view plain);

/// Keeps at most a block beside what it is fed. Not thread-safe.
class Unpacker {
 public:
  /// When next() has given all that there was.
  void feed(std::string bytes);
  /// What comes next of the stream itself; nullopt: more has to be fed. Error{failed}: it is damaged; ask nothing more
  /// then.
  std::optional<std::string> next();
  /// The stream is cut off if it ends here.
  bool unfinished() const noexcept { return head_ || !begun_.empty() || at_ < fed_.size(); }

 private:
  std::optional<std::string_view> whole(std::size_t size);
  std::string some_as_it_is();
  std::string expanded(std::string_view body);
  zstd::Decompressor zstd_;
  std::string fed_;  ///< from at_ on
  std::size_t at_ = 0;
  std::optional<BlockHead> head_;  ///< of the block that has begun
  std::size_t left_ = 0;           ///< of one that is as it is
  std::string begun_;              ///< what there is of its head, or of the rest of it
};

}  // namespace ms2m::node
