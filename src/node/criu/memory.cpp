#include "node/criu/memory.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ms2m::node {

void Memory::Part::add(std::uint64_t address, std::uint64_t pages, std::size_t first) {
  if (!ranges.empty() && ranges.back().address + ranges.back().pages * kPageSize == address)
    ranges.back().pages += pages;
  else
    ranges.push_back({address, pages, first});
}

std::optional<Memory> Memory::of(const std::map<std::string, Pagemap>& maps,
                                 std::map<std::uint32_t, std::vector<PageDigest>> pages, const Memory* under) {
  Memory memory;
  for (const auto& [name, map] : maps) {
    const auto own = pages.extract(map.pages_id);  // each is one map's
    if (own.empty()) return std::nullopt;
    Part& part = memory.parts_[name];
    std::uint64_t here = 0, all = 0;
    for (const PageRange& range : map.ranges) {
      part.add(range.address, range.pages, static_cast<std::size_t>(all));
      all += range.pages;
      if (!range.in_parent) here += range.pages;
      if (here > own.mapped().size() || (range.in_parent && !under)) return std::nullopt;
    }
    if (here != own.mapped().size()) return std::nullopt;
    if (here == all) {
      part.digests = std::move(own.mapped());
      continue;
    }
    std::size_t at = 0;
    for (const PageRange& range : map.ranges)
      for (std::uint64_t i = 0; i < range.pages; ++i) {
        const PageDigest* digest =
            range.in_parent ? under->find(name, range.address + i * kPageSize) : &own.mapped()[at++];
        if (!digest) return std::nullopt;
        part.digests.push_back(*digest);
      }
  }
  return pages.empty() ? std::optional(std::move(memory)) : std::nullopt;
}

const PageDigest* Memory::find(const std::string& map, std::uint64_t address) const {
  const auto part = parts_.find(map);
  if (part == parts_.end()) return nullptr;
  const auto& ranges = part->second.ranges;
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                      [](std::uint64_t at, const Range& range) { return at < range.address; });
  if (after == ranges.begin() || address % kPageSize != 0) return nullptr;
  const Range& range = *std::prev(after);
  const std::uint64_t page = (address - range.address) / kPageSize;
  return page < range.pages ? &part->second.digests[range.first + static_cast<std::size_t>(page)] : nullptr;
}

std::uint64_t Memory::pages() const {
  std::uint64_t all = 0;
  for (const auto& [name, part] : parts_) all += part.digests.size();
  return all;
}

std::string Memory::digest() const {
  posix::Sha256 all;
  for (const auto& [name, part] : parts_) {
    all.update(name.data(), name.size() + 1);  // with its end
    for (const Range& range : part.ranges)
      for (std::uint64_t i = 0; i < range.pages; ++i) {
        const std::uint64_t address = range.address + i * kPageSize;
        all.update(&address, sizeof address);
        const PageDigest& page = part.digests[range.first + static_cast<std::size_t>(i)];
        all.update(page.data(), page.size());
      }
  }
  return all.hex();
}

}  // namespace ms2m::node
