#include "node/tar/reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kBlock = 512, kMostName = 64u << 10, kMostPax = 1u << 20;
constexpr std::string_view kXattr = kTarXattr;

Error refused(const std::string& why) { return Error(ErrorKind::refused, "the tar archive " + why); }

std::string_view field(const char* header, std::size_t at, std::size_t size) {
  const std::string_view all(header + at, size);
  return all.substr(0, std::min(all.find('\0'), size));
}

/// Octal, or base 256 when the first bit is set.
std::uint64_t number(const char* header, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(header[at]) & 0x80) != 0) {
    for (std::size_t i = at; i < at + size; ++i) {
      const auto byte = static_cast<unsigned char>(header[i]) & (i == at ? 0x7f : 0xff);
      if (value > (std::numeric_limits<std::uint64_t>::max() >> 8)) throw refused("has a number that is too large");
      value = value << 8 | byte;
    }
    return value;
  }
  std::string_view digits = field(header, at, size);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  digits = digits.substr(0, std::min(digits.find(' '), digits.size()));
  if (digits.empty()) return 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (error != std::errc{} || end != digits.data() + digits.size()) throw refused("has a number that is none");
  return value;
}

std::uint32_t small(std::uint64_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max()) throw refused("has a number that is too large");
  return static_cast<std::uint32_t>(value);
}

void check_sum(const char* header) {
  constexpr std::size_t kAt = 148, kSize = 8;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= kAt && i < kAt + kSize ? ' ' : static_cast<unsigned char>(header[i]);
  if (sum != number(header, kAt, kSize)) throw refused("is none");
}

/// "17 path=some/name\n" and so on.
std::map<std::string, std::string> pax_records(std::string_view text) {
  std::map<std::string, std::string> records;
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || size > text.size() || size < digits + 2 || text[digits] != ' ' ||
        text[size - 1] != '\n')
      throw refused("has a header that is none");
    const std::string_view record = text.substr(digits + 1, size - digits - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) throw refused("has a header that is none");
    records[std::string(record.substr(0, equals))] = record.substr(equals + 1);
    text.remove_prefix(size);
  }
  return records;
}

template <class Number>
void take_number(const std::map<std::string, std::string>& records, const char* name, Number& into) {
  const auto found = records.find(name);
  if (found == records.end()) return;
  // A time may have a fraction: take_time().
  const std::string_view text = std::string_view(found->second).substr(0, found->second.find('.'));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error != std::errc{} || end != text.data() + text.size()) throw refused("has a number that is none");
}

/// Seconds, and perhaps a fraction, which counts backwards before 1970.
void take_time(const std::map<std::string, std::string>& records, TarEntry& entry) {
  take_number(records, "mtime", entry.mtime);
  const auto found = records.find("mtime");
  const auto point = found == records.end() ? std::string::npos : found->second.find('.');
  if (point == std::string::npos) return;
  std::string digits = found->second.substr(point + 1, 9);
  digits.resize(9, '0');
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), entry.mtime_ns);
  if (error != std::errc{} || end != digits.data() + digits.size()) throw refused("has a number that is none");
  if (found->second.front() != '-' || entry.mtime_ns == 0) return;
  if (entry.mtime == std::numeric_limits<std::int64_t>::min()) throw refused("has a number that is too large");
  --entry.mtime;
  entry.mtime_ns = 1'000'000'000 - entry.mtime_ns;
}

void take_text(const std::map<std::string, std::string>& records, const char* name, std::string& into) {
  const auto found = records.find(name);
  if (found != records.end()) into = found->second;
}

void apply_records(const std::map<std::string, std::string>& records, TarEntry& entry) {
  take_text(records, "path", entry.name);
  take_text(records, "linkpath", entry.link);
  take_number(records, "size", entry.size);
  take_number(records, "uid", entry.uid);
  take_number(records, "gid", entry.gid);
  take_time(records, entry);
  for (const auto& [name, value] : records) {
    if (name.starts_with("GNU.sparse.")) throw refused("has a sparse file");
    if (name.starts_with(kXattr)) entry.xattrs[name.substr(kXattr.size())] = value;
    // The system would take what stands before it, and that was not looked at.
    if (name.find('\0') != std::string::npos) throw refused("has a name that is none");
  }
  for (const std::string& each : {entry.name, entry.link})
    if (each.find('\0') != std::string::npos) throw refused("has a name that is none");
}

TarEntry::Kind kind_of(char flag) {
  using enum TarEntry::Kind;
  switch (flag) {
    case '\0':
    case '0':
    case '7':
      return file;
    case '1':
      return hard_link;
    case '2':
      return symlink;
    case '3':
      return character;
    case '4':
      return block;
    case '5':
      return directory;
    case '6':
      return fifo;
    default:
      throw refused(std::string("has a member of the unknown kind '") + flag + "'");
  }
}

TarEntry entry_of(const char* header) {
  TarEntry entry;
  entry.kind = kind_of(header[156]);
  entry.name = field(header, 0, 100);
  entry.mode = small(number(header, 100, 8)) & 07777;
  entry.uid = small(number(header, 108, 8));
  entry.gid = small(number(header, 116, 8));
  entry.size = number(header, 124, 12);
  entry.mtime = static_cast<std::int64_t>(number(header, 136, 12) & std::numeric_limits<std::int64_t>::max());
  entry.link = field(header, 157, 100);
  if (entry.kind == TarEntry::Kind::character || entry.kind == TarEntry::Kind::block) {
    entry.major = small(number(header, 329, 8));
    entry.minor = small(number(header, 337, 8));
  }
  // GNU's own format has other things there.
  if (std::memcmp(header + 257, "ustar\0", 6) == 0)
    if (const auto prefix = field(header, 345, 155); !prefix.empty())
      entry.name = std::string(prefix) + "/" + entry.name;
  if (header[156] == '\0' && entry.name.ends_with('/')) entry.kind = TarEntry::Kind::directory;
  return entry;
}

}  // namespace

void TarReader::need(char* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const std::size_t got = source_(into + done, size - done);
    if (got == 0) throw refused("is cut off");
    done += got;
  }
}

/// False: the archive's end, which is a block of zeros.
bool TarReader::read_block(char* block) {
  need(block, kBlock);
  return std::any_of(block, block + kBlock, [](char c) { return c != '\0'; });
}

std::string TarReader::text(std::uint64_t size, std::size_t most) {
  if (size > most) throw refused("has a name or header of " + std::to_string(size) + " bytes");
  std::string all(size, '\0');
  left_ = size;
  padding_ = (kBlock - size % kBlock) % kBlock;
  need(all.data(), all.size());
  left_ = 0;
  pass_over();
  return all;
}

void TarReader::pass_over() {
  std::array<char, 4096> chunk;
  for (left_ += padding_, padding_ = 0; left_ > 0;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk.size()));
    need(chunk.data(), size);
    left_ -= size;
  }
}

std::optional<TarEntry> TarReader::next() {
  std::string name, link;
  std::map<std::string, std::string> records;
  for (std::array<char, kBlock> header;;) {
    pass_over();
    if (!read_block(header.data())) return std::nullopt;
    check_sum(header.data());
    const char flag = header[156];
    const std::uint64_t size = number(header.data(), 124, 12);
    if (flag == 'L') {
      name = text(size, kMostName).c_str();
    } else if (flag == 'K') {
      link = text(size, kMostName).c_str();
    } else if (flag == 'x') {
      records = pax_records(text(size, kMostPax));
    } else if (flag == 'g') {
      text(size, kMostPax);
    } else {
      TarEntry entry = entry_of(header.data());
      if (!name.empty()) entry.name = name;
      if (!link.empty()) entry.link = link;
      apply_records(records, entry);
      if (entry.size > std::numeric_limits<std::uint64_t>::max() / 2) throw refused("has a number that is too large");
      left_ = entry.kind == TarEntry::Kind::file ? entry.size : 0;
      padding_ = (kBlock - left_ % kBlock) % kBlock;
      return entry;
    }
  }
}

std::size_t TarReader::read(char* into, std::size_t size) {
  size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
  if (size > 0) need(into, size);
  left_ -= size;
  return size;
}

}  // namespace ms2m::node
