// A whole checkpoint, given as an increment over an earlier one of the same processes: CRIU's images may have a parent,
// and nothing says that CRIU itself must have written them so.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ms2m/units.hpp"
#include "node/criu/memory_images.hpp"
#include "node/tar/reader.hpp"

namespace ms2m::node {

class Increment {
 public:
  /// A checkpoint's archive from its beginning; twice it must be the same.
  using Archive = std::function<ReadBytes()>;
  enum class Members { all, memory };  ///< memory: the pagemaps and their pages alone

  /// Reads the archive once: each page is hashed, and left out later where `under` has the same one at that place;
  /// nullptr: none is. Takes 32 bytes per page, and those of `under`. Error{refused}: no archive.
  Increment(Archive archive, const Memory* under, Members members);

  /// nullopt: it is not understood; then write() gives all members as they are, or, of the memory alone, nothing.
  const std::optional<Memory>& memory() const noexcept { return memory_; }
  /// The same, for whoever keeps it.
  std::optional<Memory> take_memory() && { return std::move(memory_); }
  std::uint64_t pages() const noexcept { return pages_; }
  std::uint64_t differing() const noexcept { return differing_; }
  /// Of what write() gives.
  Bytes size() const noexcept { return size_; }
  /// An archive, in pieces of at most 256 KiB. Error{failed}: it is not the same as before. What `sink` throws.
  void write(const std::function<void(std::string_view)>& sink) const;

 private:
  using Kept = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  ///< first byte of a pages file, and how many
  void compare(const MemoryImages& images, const Memory* under);
  void measure(const TarEntry& entry);
  bool wanted(const TarEntry& entry) const;
  /// As it is given: of another size, perhaps.
  TarEntry given(TarEntry entry) const;
  void write_pages(TarReader& tar, const TarEntry& entry, const std::function<void(std::string_view)>& sink) const;

  const Archive archive_;
  const Members members_;
  std::optional<Memory> memory_;
  std::map<std::string, std::string> maps_;  ///< by member's file name: what is given instead
  std::map<std::uint32_t, Kept> kept_;       ///< by ID of the pages file
  std::uint64_t pages_ = 0, differing_ = 0;
  Bytes size_{};
};

}  // namespace ms2m::node
