#include "node/criu/memory.hpp"

#include <algorithm>
#include <set>

namespace ms2m::node {

std::optional<Memory> Memory::of(const std::map<std::string, Pagemap>& maps,
                                 const std::map<std::uint32_t, std::vector<PageDigest>>& pages, const Memory* under) {
  Memory memory;
  std::set<std::uint32_t> used;
  for (const auto& [name, map] : maps) {
    const auto own = pages.find(map.pages_id);
    if (own == pages.end() || !used.insert(map.pages_id).second) return std::nullopt;
    Part& part = memory.parts_[name];
    std::size_t at = 0;
    for (const PageRange& range : map.ranges)
      for (std::uint64_t i = 0; i < range.pages; ++i) {
        const std::uint64_t address = range.address + i * kPageSize;
        const PageDigest* digest = nullptr;
        if (range.in_parent)
          digest = under ? under->find(name, address) : nullptr;
        else if (at < own->second.size())
          digest = &own->second[at++];
        if (!digest) return std::nullopt;
        part.addresses.push_back(address);
        part.digests.push_back(*digest);
      }
    if (at != own->second.size()) return std::nullopt;
  }
  return used.size() == pages.size() ? std::optional(std::move(memory)) : std::nullopt;
}

const PageDigest* Memory::find(const std::string& map, std::uint64_t address) const {
  const auto part = parts_.find(map);
  if (part == parts_.end()) return nullptr;
  const auto& addresses = part->second.addresses;
  const auto found = std::lower_bound(addresses.begin(), addresses.end(), address);
  if (found == addresses.end() || *found != address) return nullptr;
  return &part->second.digests[static_cast<std::size_t>(found - addresses.begin())];
}

std::uint64_t Memory::pages() const {
  std::uint64_t all = 0;
  for (const auto& [name, part] : parts_) all += part.addresses.size();
  return all;
}

std::string Memory::digest() const {
  posix::Sha256 all;
  for (const auto& [name, part] : parts_) {
    all.update(name.data(), name.size() + 1);  // with its end
    for (std::size_t i = 0; i < part.addresses.size(); ++i) {
      all.update(&part.addresses[i], sizeof part.addresses[i]);
      all.update(part.digests[i].data(), part.digests[i].size());
    }
  }
  return all.hex();
}

}  // namespace ms2m::node
