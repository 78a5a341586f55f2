// gzip, read back: containerd writes the changes of a root file system so. RFC 1951, RFC 1952.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/tar/reader.hpp"

namespace ms2m::node {

/// What a gzip stream has in it. Error{refused} when it is none, is cut off, or its checksum differs. Memory does not
/// depend on its size.
class Gunzip {
 public:
  explicit Gunzip(ReadBytes source) : source_(std::move(source)) {}
  /// 0: the end.
  std::size_t read(char* into, std::size_t size);

 private:
  struct Codes {
    std::array<std::uint16_t, 16> count{};    ///< of each length
    std::array<std::uint16_t, 288> symbol{};  ///< in the order of their codes
  };
  enum class Block { none, stored, compressed };

  std::uint8_t byte();
  bool more();
  std::uint32_t bits(unsigned count);
  std::uint32_t symbol(const Codes& codes);
  static Codes codes_of(const std::uint8_t* lengths, std::size_t count);
  void member_header();
  void member_end();
  void block_header();
  void dynamic_codes();
  void fixed_codes();
  void decode();
  void put(std::uint8_t value);
  void copy(std::size_t distance, std::size_t length);
  void fill();

  ReadBytes source_;
  std::array<char, 16384> in_;
  std::size_t in_at_ = 0, in_size_ = 0;
  std::uint32_t hold_ = 0;
  unsigned held_ = 0;
  bool member_ = false, last_ = false, done_ = false;
  Block block_ = Block::none;
  std::size_t stored_left_ = 0;
  Codes literals_, distances_;
  std::array<std::uint8_t, 32768> window_{};
  std::uint64_t total_ = 0;
  std::uint32_t crc_ = 0;
  std::string out_;
  std::size_t out_at_ = 0;
};

/// The same bytes, decompressed when they begin as gzip does.
ReadBytes plain(ReadBytes source);

}  // namespace ms2m::node
