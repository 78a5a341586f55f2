// A member of a tar archive.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace ms2m::node {

struct TarEntry {
  enum class Kind { file, directory, symlink, hard_link, fifo, character, block };
  Kind kind = Kind::file;
  std::string name;  ///< as it stands there
  std::string link;  ///< of links: what they lead to
  std::uint32_t mode = 0, uid = 0, gid = 0;
  std::uint64_t size = 0;      ///< of a file's contents
  std::int64_t mtime = 0;      ///< seconds since 1970
  std::uint32_t mtime_ns = 0;  ///< and what follows the point
  std::uint32_t major = 0, minor = 0;
  std::map<std::string, std::string> xattrs;
};

/// What pax records of extended attributes begin with.
inline constexpr const char* kTarXattr = "SCHILY.xattr.";

}  // namespace ms2m::node
