#include "node/dump/changed_files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "ms2m/error.hpp"
#include "node/dump/file_facts.hpp"
#include "node/runtime/paths.hpp"
#include "node/tar/writer.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;
using Kind = TarEntry::Kind;

constexpr std::string_view kWhiteOut = ".wh.", kOpaque = ".wh..wh..opq";
constexpr std::size_t kMostName = 255, kMostPath = 4096;  // what the other end takes

Error refused(const std::string& path, const std::string& why) {
  return Error(ErrorKind::refused, "changed file " + path + " " + why);
}
[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorKind::failed, "changed file " + path + ": " + std::generic_category().message(errno));
}

/// Below `root`, over no link and nothing that is mounted there.
UniqueFd open_below(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  long fd = -1;
  do fd = ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  if (fd < 0) fail(path);
  return UniqueFd(static_cast<int>(fd));
}

class Gathering {
 public:
  Gathering(const RootOverlay& overlay, int file, const StopToken& stop)
      : overlay_(overlay), file_(file), stop_(stop) {}

  /// Directories are opened anew, one at a time: however deep they are, few descriptors are open.
  void run() {
    FileFacts root = facts_of(overlay_, overlay_.upper.get(), ".", "./");
    write(tar_header(root.entry));
    for (pending_ = {""}; !pending_.empty();) {
      const std::string path = std::move(pending_.back());
      pending_.pop_back();
      enter(path);
    }
    write(tar_end());
  }

 private:
  void enter(const std::string& path) {
    const UniqueFd directory = open_below(overlay_.upper.get(), path, O_DIRECTORY);
    std::vector<std::string> names = names_in(directory.get());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      stop_.check("reading the changes of a root file system");
      put(directory.get(), path, name);
    }
  }

  void put(int directory, const std::string& above, const std::string& name) {
    const std::string path = above.empty() ? name : above + "/" + name;
    if (overlay_.mounts.count(path) != 0) return;
    if (path.size() > kMostPath) throw refused(path.substr(0, 60) + "...", "has a name that is too long");
    if (name.starts_with(kWhiteOut)) throw refused(path, "has a name that means the removal of another one");
    FileFacts facts = facts_of(overlay_, directory, name, path);
    if (facts.renamed) throw refused(path, "is a directory of the image under another name (overlay's redirect_dir)");
    if (facts.socket) return;
    if (facts.white_out) return put_white_out(std::move(facts.entry), above, name);
    const bool device = facts.entry.kind == Kind::character || facts.entry.kind == Kind::block;
    if (device) throw refused(path, "is a device, which is not made on another node");
    if (facts.entry.kind != Kind::directory && is_link(facts)) return write(tar_header(facts.entry));
    if (facts.entry.kind == Kind::file) return put_file(directory, name, facts);
    write(tar_header(facts.entry));
    if (facts.entry.kind != Kind::directory) return;
    if (facts.opaque) put_mark(path + "/" + std::string(kOpaque));
    pending_.push_back(path);
  }

  void put_white_out(TarEntry entry, const std::string& above, const std::string& name) {
    if (name.size() + kWhiteOut.size() > kMostName) return write(tar_header(entry));
    put_mark((above.empty() ? "" : above + "/") + std::string(kWhiteOut) + name);
  }

  void put_mark(const std::string& path) {
    TarEntry entry;
    entry.name = path;
    write(tar_header(entry));
  }

  /// Another name of what is in the archive already.
  bool is_link(FileFacts& facts) {
    if (facts.links < 2) return false;
    const auto [first, fresh] = names_.try_emplace({facts.device, facts.inode}, facts.entry.name);
    if (fresh) return false;
    facts.entry.kind = Kind::hard_link;
    facts.entry.link = first->second;
    facts.entry.xattrs.clear();
    return true;
  }

  void put_file(int directory, const std::string& name, const FileFacts& facts) {
    TarEntry entry = facts.entry;
    const UniqueFd file = facts.no_contents
                              ? open_below(overlay_.whole.get(), entry.name, 0)
                              : UniqueFd(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct ::stat is {};
    if (!file || ::fstat(file.get(), &is) != 0) fail(entry.name);
    entry.size = static_cast<std::uint64_t>(is.st_size);
    write(tar_header(entry));
    std::uint64_t left = entry.size;
    for (std::array<char, 64u << 10> chunk; left > 0;) {
      const auto got = ::read(file.get(), chunk.data(), std::min<std::uint64_t>(left, chunk.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(entry.name);
      if (got == 0) throw Error(ErrorKind::failed, "changed file " + entry.name + " became shorter while it was read");
      write({chunk.data(), static_cast<std::size_t>(got)});
      left -= static_cast<std::uint64_t>(got);
      stop_.check("reading the changes of a root file system");
    }
    write(tar_padding(entry.size));
  }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto wrote = ::write(file_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) posix::throw_errno("writing the changes of a root file system");
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }

  const RootOverlay& overlay_;
  const int file_;
  const StopToken& stop_;
  std::vector<std::string> pending_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> names_;  ///< of files with several
};

}  // namespace

void write_changed_files(const RootOverlay& overlay, int file, const StopToken& stop) {
  Gathering(overlay, file, stop).run();
}

}  // namespace ms2m::node
