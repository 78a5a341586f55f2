#include "node/criu/pagemap.hpp"

#include <charconv>

namespace ms2m::node {
namespace {

constexpr std::string_view kMagic = "\x19\x43\x56\x54\x25\x40\x08\x56";  // IMG_COMMON_MAGIC, PAGEMAP_MAGIC
constexpr std::uint32_t kParent = 1, kLazy = 2, kPresent = 4;            // PE_*
constexpr std::uint64_t kMostPages = std::uint64_t{1} << 40;
enum Field : std::uint64_t { kAddress = 1, kPages32 = 2, kInParent = 3, kFlags = 4, kPages64 = 5 };

/// A message of numbers: protobuf's varints.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : left_(bytes) {}
  /// False: the end, or something else; failed() says which.
  bool next(std::uint64_t& field, std::uint64_t& value) {
    std::uint64_t tag = 0;
    if (left_.empty()) return false;
    failed_ = !number(tag) || (tag & 7) != 0 || !number(value);
    field = tag >> 3;
    return !failed_;
  }
  bool failed() const { return failed_; }

 private:
  bool number(std::uint64_t& into) {
    into = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      into |= std::uint64_t{byte & 127u} << shift;
      if (byte < 128) return true;
    }
    return false;
  }
  std::string_view left_;
  bool failed_ = false;
};

void put_number(std::string& out, std::uint64_t value) {
  for (; value > 127; value >>= 7) out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}

void put_field(std::string& out, Field field, std::uint64_t value) {
  put_number(out, static_cast<std::uint64_t>(field) << 3);
  put_number(out, value);
}

void put_record(std::string& out, const std::string& record) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(record.size() >> (8 * i));
  out += record;
}

/// nullopt: no whole record is left.
std::optional<std::string_view> take_record(std::string_view& left) {
  if (left.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::size_t{static_cast<unsigned char>(left[i])} << (8 * i);
  left.remove_prefix(4);
  if (size > left.size()) return std::nullopt;
  const std::string_view record = left.substr(0, size);
  left.remove_prefix(size);
  return record;
}

std::optional<std::uint32_t> parse_head(std::string_view record) {
  Numbers numbers(record);
  std::optional<std::uint32_t> id;
  for (std::uint64_t field = 0, value = 0; numbers.next(field, value);) {
    if (field != 1 || id || value > UINT32_MAX) return std::nullopt;
    id = static_cast<std::uint32_t>(value);
  }
  return numbers.failed() ? std::nullopt : id;
}

std::optional<PageRange> parse_range(std::string_view record, bool kept_back) {
  Numbers numbers(record);
  PageRange range;
  for (std::uint64_t field = 0, value = 0; numbers.next(field, value);) {
    if (field == kAddress)
      range.address = value;
    else if (field == kPages32 && !range.wide)
      range.pages = value;
    else if (field == kPages64)
      range.pages = value, range.wide = true;
    else if (field == kFlags && value <= (kParent | kLazy | kPresent))
      range.flags = static_cast<std::uint32_t>(value);
    else if (field != kInParent || value != 0)  // that was before there were flags
      return std::nullopt;
  }
  const std::uint32_t flags = range.flags.value_or(kPresent);
  range.in_parent = flags == kParent;
  const bool known =
      range.in_parent || flags == kPresent || flags == (kPresent | kLazy) || (kept_back && flags == kLazy);
  const bool sound = range.address % kPageSize == 0 && range.pages > 0 && range.pages < kMostPages &&
                     range.address + range.pages * kPageSize > range.address;
  return !numbers.failed() && known && sound ? std::optional(range) : std::nullopt;
}

/// `kept_back`: pages that are in no image are understood.
std::optional<Pagemap> parse(std::string_view image, bool kept_back) {
  if (!image.starts_with(kMagic)) return std::nullopt;
  image.remove_prefix(kMagic.size());
  const auto head = take_record(image);
  const auto id = head ? parse_head(*head) : std::nullopt;
  if (!id) return std::nullopt;
  Pagemap map{*id, {}};
  for (std::uint64_t end = 0; !image.empty();) {
    const auto record = take_record(image);
    const auto range = record ? parse_range(*record, kept_back) : std::nullopt;
    if (!range || range->address < end) return std::nullopt;
    end = range->address + range->pages * kPageSize;
    map.ranges.push_back(*range);
  }
  return map;
}

}  // namespace

std::optional<Pagemap> parse_pagemap(std::string_view image) { return parse(image, false); }

std::optional<std::vector<PageRange>> pages_kept_back(std::string_view image) {
  auto map = parse(image, true);
  if (!map) return std::nullopt;
  std::erase_if(map->ranges, [](const PageRange& range) { return range.flags != kLazy; });
  return std::move(map->ranges);
}

std::string print_pagemap(const Pagemap& map) {
  std::string out(kMagic), record;
  put_field(record, kAddress, map.pages_id);  // the head's only field has the same number
  put_record(out, record);
  for (const PageRange& range : map.ranges) {
    record.clear();
    put_field(record, kAddress, range.address);
    put_field(record, kPages32, range.wide ? 0 : range.pages);
    if (range.in_parent)
      put_field(record, kFlags, kParent);
    else if (range.flags)
      put_field(record, kFlags, *range.flags);
    if (range.wide) put_field(record, kPages64, range.pages);
    put_record(out, record);
  }
  return out;
}

bool is_pagemap(std::string_view file) { return file.starts_with("pagemap-") && file.ends_with(".img"); }

namespace {

/// "<before>17.img"
std::optional<std::uint32_t> number_in(std::string_view file, std::string_view before) {
  constexpr std::string_view kAfter = ".img";
  if (!file.starts_with(before) || !file.ends_with(kAfter)) return std::nullopt;
  file.remove_prefix(before.size());
  file.remove_suffix(std::min(file.size(), kAfter.size()));
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), number);
  return !file.empty() && error == std::errc{} && end == file.data() + file.size() ? std::optional(number)
                                                                                   : std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> pages_id_of(std::string_view file) { return number_in(file, "pages-"); }
std::optional<std::uint32_t> process_of(std::string_view file) { return number_in(file, "pagemap-"); }

}  // namespace ms2m::node
