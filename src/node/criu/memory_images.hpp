// The image files of CRIU's that describe memory, as they are read one after the other.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/criu/memory.hpp"
#include "node/tar/entry.hpp"

namespace ms2m::node {

/// Of a member of a checkpoint's archive: its file's name among CRIU's images; "": it is something else.
std::string image_file(const TarEntry& entry);

/// Takes files in any order; keeps 32 bytes per page.
class MemoryImages {
 public:
  /// Whether a file of that name, of an image directory, describes memory: then feed() it, and end() it.
  bool begin(const std::string& file);
  void feed(std::string_view bytes);
  void end();

  /// Once. nullopt: a pagemap that is not understood, pages that are in no pagemap, or do not fit.
  std::optional<Memory> memory(const Memory* under);
  const std::map<std::string, Pagemap>& maps() const noexcept { return maps_; }

 private:
  std::map<std::string, Pagemap> maps_;
  std::map<std::uint32_t, std::vector<PageDigest>> pages_;
  bool unknown_ = false;
  std::string file_, held_;  ///< a pagemap, or less than a page
  std::vector<PageDigest>* digests_ = nullptr;
};

}  // namespace ms2m::node
