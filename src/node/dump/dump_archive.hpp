// A dump's directory as one archive of the kubelet's shape: checkpoint/, rootfs-diff.tar. Who reads it need not know
// who made it.
#pragma once
#include <string>
#include <vector>

#include "ms2m/units.hpp"
#include "node/tar/entry.hpp"
#include "node/tar/reader.hpp"

namespace ms2m::node {

inline constexpr const char* kDumpImages = "checkpoint";
inline constexpr const char* kDumpChanges = "rootfs-diff.tar";

class DumpArchive {
 public:
  /// `directory`, an open descriptor, must outlive it; nothing in it may change. Error{failed}.
  explicit DumpArchive(int directory);
  /// Of the whole archive.
  Bytes size() const noexcept { return size_; }
  /// Its bytes from the beginning, the same every time. This must outlive it. Reading throws Error{failed}: a file is
  /// shorter or longer than it was.
  ReadBytes reader() const;

 private:
  void add(TarEntry::Kind kind, const std::string& name, int at, const std::string& file);
  class Reading;
  const int directory_;
  std::vector<TarEntry> entries_;
  Bytes size_{};
};

}  // namespace ms2m::node
