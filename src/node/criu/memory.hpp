// What is in the memory of a container's processes, page by page, as far as a digest tells it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/criu/pagemap.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {

using PageDigest = posix::Sha256::Bytes;

class Memory {
 public:
  /// Of a checkpoint's pagemaps, by file name, and the digests of what is in its pages files, by ID. Pages that lie in
  /// the parent are those of `under`. nullopt: they do not belong together.
  static std::optional<Memory> of(const std::map<std::string, Pagemap>& maps,
                                  std::map<std::uint32_t, std::vector<PageDigest>> pages, const Memory* under);

  /// Of the page at that address of the pagemap of that name; nullptr: it has none there.
  const PageDigest* find(const std::string& map, std::uint64_t address) const;
  std::uint64_t pages() const;
  /// Of all of it: names, addresses, contents. Hex. The same however the ranges are cut.
  std::string digest() const;

 private:
  struct Range {
    std::uint64_t address, pages;
    std::size_t first;  ///< of its digests
  };
  struct Part {
    std::vector<Range> ranges;  ///< rising; none follows immediately the one before
    std::vector<PageDigest> digests;
    void add(std::uint64_t address, std::uint64_t pages, std::size_t first);
  };
  std::map<std::string, Part> parts_;
};

}  // namespace ms2m::node
