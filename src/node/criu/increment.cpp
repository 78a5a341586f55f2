#include "node/criu/increment.hpp"

#include <algorithm>

#include "ms2m/error.hpp"
#include "node/tar/writer.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kChunk = 256u << 10;

Error changed(const TarEntry& entry) {
  return Error(ErrorKind::failed, "member " + entry.name + " of the checkpoint has changed since it was read first");
}

/// The ranges of one pagemap, cut where pages begin or cease to differ, and what stays of its pages file.
class Cut {
 public:
  Cut(const Pagemap& map, const std::string& name, const Memory& own, const Memory* under) {
    result.pages_id = map.pages_id;
    for (const PageRange& range : map.ranges)
      for (std::uint64_t i = 0; i < range.pages; ++i, ++pages) {
        const std::uint64_t address = range.address + i * kPageSize;
        const PageDigest* before = under ? under->find(name, address) : nullptr;
        add(range, address, before && *before == *own.find(name, address));
      }
  }

  Pagemap result;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> kept;
  std::uint64_t pages = 0, differing = 0;

 private:
  void add(const PageRange& like, std::uint64_t address, bool same) {
    auto& ranges = result.ranges;
    const bool goes_on = !ranges.empty() && ranges.back().in_parent == same && ranges.back().wide == like.wide &&
                         (same || ranges.back().flags == like.flags) &&
                         ranges.back().address + ranges.back().pages * kPageSize == address;
    if (!goes_on) ranges.push_back({address, 0, same, same ? std::nullopt : like.flags, like.wide});
    ++ranges.back().pages;
    if (same) return;
    ++differing;
    const std::uint64_t at = pages * kPageSize;
    if (!kept.empty() && kept.back().first + kept.back().second == at)
      kept.back().second += kPageSize;
    else
      kept.emplace_back(at, kPageSize);
  }
};

}  // namespace

Increment::Increment(Archive archive, const Memory* under, Members members)
    : archive_(std::move(archive)), members_(members) {
  const ReadBytes read = archive_();
  TarReader tar(read);
  MemoryImages images;
  std::vector<TarEntry> entries;
  std::string chunk(kChunk, '\0');
  while (const auto entry = tar.next()) {
    entries.push_back(*entry);
    if (!images.begin(image_file(*entry))) continue;
    while (const std::size_t size = tar.read(chunk.data(), chunk.size())) images.feed({chunk.data(), size});
    images.end();
  }
  memory_ = images.memory(nullptr);
  if (memory_) compare(images, under);
  size_.count = tar_end().size();
  for (const TarEntry& entry : entries)
    if (wanted(entry)) measure(entry);
}

void Increment::compare(const MemoryImages& images, const Memory* under) {
  for (const auto& [name, map] : images.maps()) {
    Cut cut(map, name, *memory_, under);
    maps_[name] = print_pagemap(cut.result);
    kept_[map.pages_id] = std::move(cut.kept);
    pages_ += cut.pages;
    differing_ += cut.differing;
  }
}

bool Increment::wanted(const TarEntry& entry) const {
  const std::string file = image_file(entry);
  return members_ == Members::all || (memory_ && (is_pagemap(file) || pages_id_of(file)));
}

TarEntry Increment::given(TarEntry entry) const {
  const std::string file = image_file(entry);
  if (const auto map = maps_.find(file); map != maps_.end()) entry.size = map->second.size();
  const auto id = pages_id_of(file);
  const auto kept = id ? kept_.find(*id) : kept_.end();
  if (kept == kept_.end()) return entry;
  entry.size = 0;
  for (const auto& [first, size] : kept->second) entry.size += size;
  return entry;
}

void Increment::measure(const TarEntry& entry) {
  const TarEntry is = given(entry);
  size_.count += tar_header(is).size();
  if (is.kind == TarEntry::Kind::file) size_.count += is.size + tar_padding(is.size).size();
}

void Increment::write(const std::function<void(std::string_view)>& sink) const {
  const ReadBytes read = archive_();
  TarReader tar(read);
  while (const auto entry = tar.next()) {
    if (!wanted(*entry)) continue;
    const TarEntry is = given(*entry);
    sink(tar_header(is));
    if (is.kind != TarEntry::Kind::file) continue;
    if (const auto map = maps_.find(image_file(is)); map != maps_.end())
      for (std::string_view left = map->second; !left.empty(); left.remove_prefix(std::min(kChunk, left.size())))
        sink(left.substr(0, kChunk));
    else
      write_pages(tar, *entry, sink);
    sink(tar_padding(is.size));
  }
  sink(tar_end());
}

void Increment::write_pages(TarReader& tar, const TarEntry& entry,
                            const std::function<void(std::string_view)>& sink) const {
  const auto id = pages_id_of(image_file(entry));
  const auto kept = id ? kept_.find(*id) : kept_.end();
  const Kept whole{{0, entry.size}};
  const Kept& ranges = kept == kept_.end() ? whole : kept->second;
  std::string chunk(kChunk, '\0');
  std::uint64_t at = 0;
  const auto read = [&](std::uint64_t most) {
    const std::size_t size = tar.read(chunk.data(), static_cast<std::size_t>(std::min<std::uint64_t>(most, kChunk)));
    if (size == 0) throw changed(entry);
    at += size;
    return std::string_view(chunk.data(), size);
  };
  for (const auto& [first, size] : ranges) {
    while (at < first) read(first - at);
    while (at < first + size) sink(read(first + size - at));
  }
}

}  // namespace ms2m::node
