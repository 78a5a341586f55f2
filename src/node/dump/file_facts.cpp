#include "node/dump/file_facts.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

using Kind = TarEntry::Kind;

[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorKind::failed, "changed file " + path + ": " + std::generic_category().message(errno));
}

/// Names or a value, whose size may change between the two questions.
template <class Ask>
std::string answer(const std::string& path, const Ask& ask) {
  for (;;) {
    const ssize_t size = ask(nullptr, 0);
    if (size < 0 && (errno == EOPNOTSUPP || errno == ENODATA)) return "";
    if (size < 0) fail(path);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    const ssize_t got = size == 0 ? 0 : ask(bytes.data(), bytes.size());
    if (got < 0 && errno == ERANGE) continue;
    if (got < 0 && errno == ENODATA) return "";
    if (got < 0) fail(path);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
}

/// The others are the node's own.
bool is_kept(const std::string& name) {
  return name.starts_with("user.") || name == "security.capability" || name.starts_with("system.posix_acl_");
}

/// Through the descriptor's own name: nothing is opened, and a link is not followed.
void read_attributes(int file, const std::string& path, bool user_attributes, FileFacts& facts) {
  const std::string at = "/proc/self/fd/" + std::to_string(file);
  const std::string own = user_attributes ? "user.overlay." : "trusted.overlay.";
  const std::string names =
      answer(path, [&](char* into, std::size_t size) { return ::listxattr(at.c_str(), into, size); });
  for (std::size_t from = 0; from < names.size();) {
    const std::string name = names.c_str() + from;
    from += name.size() + 1;
    const bool overlays = name.starts_with(own);
    if (!overlays && !is_kept(name)) continue;
    const std::string value =
        answer(path, [&](char* into, std::size_t size) { return ::getxattr(at.c_str(), name.c_str(), into, size); });
    if (!overlays) facts.entry.xattrs[name] = value;
    facts.opaque |= name == own + "opaque" && value == "y";
    facts.renamed |= name == own + "redirect" && facts.entry.kind == Kind::directory;
    facts.no_contents |= name == own + "metacopy";
  }
}

Kind kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return Kind::directory;
  if (S_ISLNK(mode)) return Kind::symlink;
  if (S_ISFIFO(mode)) return Kind::fifo;
  if (S_ISCHR(mode)) return Kind::character;
  if (S_ISBLK(mode)) return Kind::block;
  return Kind::file;
}

std::string link_of(int file, const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlinkat(file, "", target.data(), target.size());
  if (size < 0) fail(path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

}  // namespace

FileFacts facts_of(const RootOverlay& overlay, int directory, const std::string& name, const std::string& path) {
  const posix::UniqueFd file(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct ::stat is {};
  if (!file || ::fstat(file.get(), &is) != 0) fail(path);
  FileFacts facts;
  TarEntry& entry = facts.entry;
  entry.kind = kind_of(is.st_mode);
  entry.name = path;
  entry.mode = is.st_mode & 07777;
  entry.uid = is.st_uid;
  entry.gid = is.st_gid;
  entry.mtime = is.st_mtim.tv_sec;
  entry.mtime_ns = static_cast<std::uint32_t>(is.st_mtim.tv_nsec);
  if (entry.kind == Kind::character || entry.kind == Kind::block) {
    entry.major = gnu_dev_major(is.st_rdev);
    entry.minor = gnu_dev_minor(is.st_rdev);
  }
  facts.socket = S_ISSOCK(is.st_mode);
  facts.white_out = entry.kind == Kind::character && is.st_rdev == 0;
  facts.device = is.st_dev;
  facts.inode = is.st_ino;
  facts.links = is.st_nlink;
  if (entry.kind == Kind::symlink) {
    entry.link = link_of(file.get(), path);
  } else if (!facts.white_out && !facts.socket) {
    read_attributes(file.get(), path, overlay.user_attributes, facts);
  }
  return facts;
}

}  // namespace ms2m::node
