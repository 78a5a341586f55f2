// A dump's directory as one archive of the kubelet's shape: checkpoint/, rootfs-diff.tar. Who reads it need not know
// who made it.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ms2m/units.hpp"
#include "node/tar/entry.hpp"

namespace ms2m::node {

inline constexpr const char* kDumpImages = "checkpoint";
inline constexpr const char* kDumpChanges = "rootfs-diff.tar";

class DumpArchive {
 public:
  /// `directory`, an open descriptor, must outlive it; nothing in it may change. Error{failed}.
  explicit DumpArchive(int directory);
  /// Of the whole archive.
  Bytes size() const noexcept { return size_; }
  /// Its bytes, in pieces of at most 256 KiB, in the same order every time. Error{failed}: a file is shorter or longer
  /// than it was. What `sink` throws.
  void write(const std::function<void(std::string_view)>& sink) const;

 private:
  void add(TarEntry::Kind kind, const std::string& name, int at, const std::string& file);
  const int directory_;
  std::vector<TarEntry> entries_;
  Bytes size_{};
};

}  // namespace ms2m::node
