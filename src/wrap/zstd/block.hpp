// Pieces of data, each a Zstandard frame of its own (RFC 8878).
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ms2m::zstd {

/// Takes some MB of memory, whatever it is given. Not thread-safe. Error{failed}: there is no memory.
class Compressor {
 public:
  /// `level`: 1 is the fastest. `largest`: of a piece; what is looked back at is no more than that.
  Compressor(int level, std::size_t largest);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  /// How much of `into` it takes; 0: it does not become as small as that.
  std::size_t compress(std::string_view piece, std::span<char> into);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Needs no memory but `into`, and some 200 KB. Not thread-safe.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  /// All of `into`, and nothing more, whatever the data says of its size. Error{failed}: it is no such frame, or what
  /// is in it is longer or shorter.
  void expand(std::string_view data, std::span<char> into);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace ms2m::zstd
