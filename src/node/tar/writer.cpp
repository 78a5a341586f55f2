#include "node/tar/writer.hpp"

#include <cstring>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kBlock = 512, kMostName = 100, kMostPax = 1u << 20;
constexpr std::uint64_t kSmall = 07777777, kLarge = 077777777777;  // what fields of 8 and 12 bytes can say

char flag_of(TarEntry::Kind kind) {
  using enum TarEntry::Kind;
  switch (kind) {
    case file:
      return '0';
    case hard_link:
      return '1';
    case symlink:
      return '2';
    case character:
      return '3';
    case block:
      return '4';
    case directory:
      return '5';
    case fifo:
      return '6';
  }
  return '0';
}

class Block {
 public:
  Block(char flag, std::uint32_t mode) {
    number(100, 8, mode);
    at(156)[0] = flag;
    text(257, std::string("ustar\00000", 8), 8);
  }
  void text(std::size_t where, const std::string& value, std::size_t size) {
    std::memcpy(at(where), value.data(), std::min(value.size(), size));
  }
  /// Octal; 0 what does not fit: the pax header has it.
  void number(std::size_t where, std::size_t size, std::uint64_t value) {
    if (value > (size == 8 ? kSmall : kLarge)) value = 0;
    for (std::size_t i = size - 1; i-- > 0; value >>= 3) at(where)[i] = static_cast<char>('0' + (value & 7));
  }
  std::string done() {
    std::memset(at(148), ' ', 8);
    std::uint64_t sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    number(148, 8, sum);
    return bytes_;
  }

 private:
  char* at(std::size_t where) { return bytes_.data() + where; }
  std::string bytes_ = std::string(kBlock, '\0');
};

/// "17 path=some/name\n": its own length is part of it.
std::string record(const std::string& name, const std::string& value) {
  const std::string rest = " " + name + "=" + value + "\n";
  std::size_t size = rest.size() + 1;
  while (std::to_string(size).size() + rest.size() != size) size = std::to_string(size).size() + rest.size();
  return std::to_string(size) + rest;
}

/// Of a time before 1970, the fraction counts from it backwards.
std::string time_text(const TarEntry& entry) {
  std::int64_t seconds = entry.mtime;
  std::uint32_t fraction = entry.mtime_ns;
  const bool backwards = seconds < 0 && fraction != 0;
  if (backwards) {
    ++seconds;
    fraction = 1'000'000'000 - fraction;
  }
  std::string digits = std::to_string(1'000'000'000 + fraction).substr(1);
  return (backwards && seconds == 0 ? "-" : "") + std::to_string(seconds) + (fraction == 0 ? "" : "." + digits);
}

std::string pax_of(const TarEntry& entry) {
  std::string text;
  if (entry.name.size() > kMostName) text += record("path", entry.name);
  if (entry.link.size() > kMostName) text += record("linkpath", entry.link);
  if (entry.size > kLarge) text += record("size", std::to_string(entry.size));
  if (entry.uid > kSmall) text += record("uid", std::to_string(entry.uid));
  if (entry.gid > kSmall) text += record("gid", std::to_string(entry.gid));
  if (entry.mtime_ns != 0 || entry.mtime < 0 || static_cast<std::uint64_t>(entry.mtime) > kLarge)
    text += record("mtime", time_text(entry));
  for (const auto& [name, value] : entry.xattrs) {
    if (name.find('=') != std::string::npos)
      throw Error(ErrorKind::refused, entry.name + ": its attribute " + name + " cannot stand in an archive");
    text += record(kTarXattr + name, value);
  }
  if (text.size() > kMostPax)
    throw Error(ErrorKind::refused, entry.name + ": its attributes are more than an archive takes");
  return text;
}

}  // namespace

std::string tar_header(const TarEntry& entry) {
  std::string bytes;
  if (const std::string pax = pax_of(entry); !pax.empty()) {
    Block header('x', 0600);
    header.text(0, "pax", kMostName);
    header.number(124, 12, pax.size());
    bytes = header.done() + pax + tar_padding(pax.size());
  }
  Block block(flag_of(entry.kind), entry.mode & 07777);
  block.text(0, entry.name, kMostName);
  block.number(108, 8, entry.uid);
  block.number(116, 8, entry.gid);
  block.number(124, 12, entry.kind == TarEntry::Kind::file ? entry.size : 0);
  block.number(136, 12, entry.mtime < 0 ? 0 : static_cast<std::uint64_t>(entry.mtime));
  block.text(157, entry.link, kMostName);
  block.number(329, 8, entry.major);
  block.number(337, 8, entry.minor);
  return bytes + block.done();
}

std::string tar_padding(std::uint64_t size) { return std::string((kBlock - size % kBlock) % kBlock, '\0'); }

std::string tar_end() { return std::string(2 * kBlock, '\0'); }

}  // namespace ms2m::node
