#include "node/handler/gunzip.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kEnough = 64u << 10;

[[noreturn]] void refuse(const char* why) {
  throw Error(ErrorKind::refused, std::string("the compressed archive of changed files ") + why);
}

const std::array<std::uint32_t, 256>& crc_table() {
  static const auto table = [] {
    std::array<std::uint32_t, 256> all{};
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
      all[i] = value;
    }
    return all;
  }();
  return table;
}

}  // namespace

bool Gunzip::more() {
  if (in_at_ < in_size_) return true;
  in_at_ = 0;
  in_size_ = source_(in_.data(), in_.size());
  return in_size_ > 0;
}

std::uint8_t Gunzip::byte() {
  if (!more()) refuse("is cut off");
  return static_cast<std::uint8_t>(in_[in_at_++]);
}

std::uint32_t Gunzip::bits(unsigned count) {
  while (held_ < count) {
    hold_ |= std::uint32_t{byte()} << held_;
    held_ += 8;
  }
  const std::uint32_t value = hold_ & ((1u << count) - 1);
  hold_ >>= count;
  held_ -= count;
  return value;
}

/// Canonical: codes of one length follow each other, shorter ones come first.
std::uint32_t Gunzip::symbol(const Codes& codes) {
  int code = 0, first = 0, index = 0;
  for (std::size_t length = 1; length < codes.count.size(); ++length) {
    code |= static_cast<int>(bits(1));
    const int count = codes.count[length];
    if (code - count < first) return codes.symbol[static_cast<std::size_t>(index + (code - first))];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  refuse("has a code that is none");
}

Gunzip::Codes Gunzip::codes_of(const std::uint8_t* lengths, std::size_t count) {
  Codes codes;
  for (std::size_t i = 0; i < count; ++i) ++codes.count[lengths[i]];
  codes.count[0] = 0;
  int left = 1;
  std::array<std::uint16_t, 17> offset{};
  for (std::size_t length = 1; length < codes.count.size(); ++length) {
    left = (left << 1) - codes.count[length];
    if (left < 0) refuse("has codes that are none");
    offset[length + 1] = static_cast<std::uint16_t>(offset[length] + codes.count[length]);
  }
  for (std::size_t i = 0; i < count; ++i)
    if (lengths[i] != 0) codes.symbol[offset[lengths[i]]++] = static_cast<std::uint16_t>(i);
  return codes;
}

void Gunzip::member_header() {
  std::array<std::uint8_t, 10> header;
  for (auto& each : header) each = byte();
  if (header[0] != 0x1f || header[1] != 0x8b || header[2] != 8 || (header[3] & 0xe0) != 0) refuse("is none");
  const unsigned flags = header[3];
  if ((flags & 4) != 0) {
    std::size_t extra = byte();
    extra |= static_cast<std::size_t>(byte()) << 8;
    while (extra-- > 0) byte();
  }
  for (const unsigned text : {8u, 16u})
    while ((flags & text) != 0 && byte() != 0) continue;
  if ((flags & 2) != 0) byte(), byte();
  member_ = true;
  last_ = false;
  total_ = 0;
  crc_ = 0xffffffff;
}

void Gunzip::member_end() {
  hold_ = held_ = 0;  // the rest of the last byte
  std::uint32_t crc = 0, size = 0;
  for (std::uint32_t* each : {&crc, &size})
    for (unsigned shift = 0; shift < 32; shift += 8) *each |= std::uint32_t{byte()} << shift;
  if (crc != ~crc_ || size != static_cast<std::uint32_t>(total_)) refuse("has another checksum");
  member_ = false;
  done_ = !more();
}

void Gunzip::block_header() {
  last_ = bits(1) != 0;
  switch (bits(2)) {
    case 0: {
      hold_ = held_ = 0;
      std::size_t size = byte(), check = 0;
      size |= static_cast<std::size_t>(byte()) << 8;
      check = byte();
      check |= static_cast<std::size_t>(byte()) << 8;
      if (size != (~check & 0xffff)) refuse("has a block that is none");
      stored_left_ = size;
      block_ = Block::stored;
      return;
    }
    case 1:
      fixed_codes();
      block_ = Block::compressed;
      return;
    case 2:
      dynamic_codes();
      block_ = Block::compressed;
      return;
    default:
      refuse("has a block that is none");
  }
}

void Gunzip::fixed_codes() {
  std::array<std::uint8_t, 288> lengths;
  for (std::size_t i = 0; i < lengths.size(); ++i)
    lengths[i] = static_cast<std::uint8_t>(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
  literals_ = codes_of(lengths.data(), lengths.size());
  lengths.fill(5);
  distances_ = codes_of(lengths.data(), 30);
}

void Gunzip::dynamic_codes() {
  constexpr std::array<std::uint8_t, 19> kOrder{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const std::size_t literals = bits(5) + 257, distances = bits(5) + 1, given = bits(4) + 4;
  if (literals > 286 || distances > 30) refuse("has too many codes");
  std::array<std::uint8_t, 320> lengths{};
  for (std::size_t i = 0; i < given; ++i) lengths[kOrder[i]] = static_cast<std::uint8_t>(bits(3));
  const Codes code = codes_of(lengths.data(), kOrder.size());
  lengths.fill(0);
  for (std::size_t i = 0; i < literals + distances;) {
    const std::uint32_t what = symbol(code);
    if (what < 16) {
      lengths[i++] = static_cast<std::uint8_t>(what);
      continue;
    }
    if (what == 16 && i == 0) refuse("repeats a length before the first");
    const std::uint8_t value = what == 16 ? lengths[i - 1] : std::uint8_t{0};
    std::size_t times = what == 16 ? 3 + bits(2) : what == 17 ? 3 + bits(3) : 11 + bits(7);
    if (i + times > literals + distances) refuse("has too many lengths");
    while (times-- > 0) lengths[i++] = value;
  }
  if (lengths[256] == 0) refuse("has a block without an end");
  literals_ = codes_of(lengths.data(), literals);
  distances_ = codes_of(lengths.data() + literals, distances);
}

void Gunzip::put(std::uint8_t value) {
  window_[total_++ % window_.size()] = value;
  crc_ = crc_table()[(crc_ ^ value) & 0xff] ^ (crc_ >> 8);
  out_ += static_cast<char>(value);
}

void Gunzip::copy(std::size_t distance, std::size_t length) {
  if (distance > total_ || distance > window_.size()) refuse("repeats what was never there");
  while (length-- > 0) put(window_[(total_ - distance) % window_.size()]);
}

void Gunzip::decode() {
  constexpr std::array<std::uint16_t, 29> kLength{3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                  31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  constexpr std::array<std::uint8_t, 29> kLengthBits{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  constexpr std::array<std::uint16_t, 30> kDistance{1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                    33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  const std::uint32_t what = symbol(literals_);
  if (what < 256) return put(static_cast<std::uint8_t>(what));
  if (what == 256) {
    block_ = Block::none;
    return;
  }
  const std::size_t at = what - 257;
  if (at >= kLength.size()) refuse("has a code that is none");
  const std::size_t length = kLength[at] + bits(kLengthBits[at]);
  const std::uint32_t far = symbol(distances_);
  if (far >= kDistance.size()) refuse("has a code that is none");
  copy(kDistance[far] + bits(far < 4 ? 0 : far / 2 - 1), length);
}

void Gunzip::fill() {
  out_.clear();
  out_at_ = 0;
  while (!done_ && out_.size() < kEnough) {
    if (!member_) {
      member_header();
    } else if (block_ == Block::none && last_) {
      member_end();
    } else if (block_ == Block::none) {
      block_header();
    } else if (block_ == Block::compressed) {
      decode();
    } else if (stored_left_ > 0) {
      --stored_left_;
      put(byte());
    } else {
      block_ = Block::none;
    }
  }
}

std::size_t Gunzip::read(char* into, std::size_t size) {
  if (out_at_ == out_.size()) fill();
  const std::size_t some = std::min(size, out_.size() - out_at_);
  std::memcpy(into, out_.data() + out_at_, some);
  out_at_ += some;
  return some;
}

ReadBytes plain(ReadBytes source) {
  auto head = std::make_shared<std::string>(2, '\0');
  std::size_t got = 0;
  while (got < head->size()) {
    const std::size_t some = source(head->data() + got, head->size() - got);
    if (some == 0) break;
    got += some;
  }
  head->resize(got);
  const bool compressed = *head == "\x1f\x8b";
  ReadBytes again = [head, source](char* into, std::size_t size) {
    if (head->empty()) return source(into, size);
    const std::size_t some = std::min(size, head->size());
    std::memcpy(into, head->data(), some);
    head->erase(0, some);
    return some;
  };
  if (!compressed) return again;
  auto gunzip = std::make_shared<Gunzip>(std::move(again));
  return [gunzip](char* into, std::size_t size) { return gunzip->read(into, size); };
}

}  // namespace ms2m::node
