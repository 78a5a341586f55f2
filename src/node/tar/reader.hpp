// Members of a tar archive, whoever wrote it: a container's own processes chose names, modes and contents.
//
// Formats: ustar, GNU's long names and base-256 numbers, pax headers (path, linkpath, size, uid, gid, mtime and
// SCHILY.xattr.*), as Go's archive/tar writes them (POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format").
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "node/tar/entry.hpp"

namespace ms2m::node {

/// Fills what it can and returns how much that was; 0: the end.
using ReadBytes = std::function<std::size_t(char* into, std::size_t size)>;

/// Error{refused} for what is no archive, is cut off, or has members of kinds that nobody writes here (sparse files).
/// Keeps one header and one chunk in memory.
class TarReader {
 public:
  explicit TarReader(ReadBytes source) : source_(std::move(source)) {}
  /// The next member; nullopt: the end. What was not read of the last one is passed over.
  std::optional<TarEntry> next();
  /// Its contents; 0: no more of them.
  std::size_t read(char* into, std::size_t size);

 private:
  bool read_block(char* block);
  void need(char* into, std::size_t size);
  std::string text(std::uint64_t size, std::size_t most);
  void pass_over();
  ReadBytes source_;
  std::uint64_t left_ = 0, padding_ = 0;
};

}  // namespace ms2m::node
