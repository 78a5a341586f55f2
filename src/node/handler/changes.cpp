#include "node/handler/changes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <system_error>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/handler/root_paths.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;
using Kind = TarEntry::Kind;
using Steps = std::vector<std::string>;

constexpr std::string_view kWhiteOut = ".wh.", kOpaque = ".wh..wh..opq";
constexpr const char* kOverlayOpaque = "trusted.overlay.opaque";

Error refused(const std::string& name, const std::string& why) {
  return Error(ErrorKind::refused, "changed file " + name + " " + why);
}
/// The others are the node's own.
bool may_be_set(const std::string& attribute) {
  return attribute.starts_with("user.") || attribute == "security.capability" ||
         attribute == "system.posix_acl_access" || attribute == "system.posix_acl_default";
}
[[noreturn]] void fail(const std::string& name) {
  throw Error(ErrorKind::failed, "changed file " + name + ": " + std::generic_category().message(errno));
}

class Unpacking {
 public:
  Unpacking(int root, ReadBytes archive) : root_(root), tar_(std::move(archive)) {}

  void run() {
    while (const auto entry = tar_.next()) put(*entry, steps_of(entry->name));
    // What is put into a directory changes its time.
    for (auto each = times_.rbegin(); each != times_.rend(); ++each)
      if (const UniqueFd directory = open_below(root_, each->first, false)) set_time(directory.get(), each->second);
  }

 private:
  void put(const TarEntry& entry, const Steps& steps) {
    if (steps.empty()) return put_root(entry);
    Steps above(steps.begin(), steps.end() - 1);
    const std::string& name = steps.back();
    const UniqueFd parent = open_below(root_, above, true);
    if (name == kOpaque) return hide_lower(parent.get(), above);
    if (name.starts_with(".wh..wh.")) return;  // AUFS' own
    if (name.starts_with(kWhiteOut)) return white_out(parent.get(), name.substr(kWhiteOut.size()), entry);
    put_in(parent.get(), name, entry);
    seen_.insert(steps);
    if (entry.kind != Kind::directory) return;
    if (entry.xattrs.count(kOverlayOpaque) != 0) hide_lower(open_directory_in(parent.get(), name).get(), steps);
    times_.emplace_back(steps, time_of(entry));
  }

  void put_root(const TarEntry& entry) {
    if (entry.kind != Kind::directory) throw refused(entry.name, "would be the root itself");
    set_owner_and_mode(root_, entry);
  }

  void white_out(int parent, const std::string& name, const TarEntry& entry) {
    if (name.empty() || name == "." || name == "..") throw refused(entry.name, "hides what is no file");
    remove_tree_in(parent, name);
  }

  /// All in this directory that the archive has not brought so far.
  void hide_lower(int directory, const Steps& above) {
    for (const std::string& name : names_in(directory)) {
      Steps steps = above;
      steps.push_back(name);
      if (seen_.count(steps) == 0) {
        remove_tree_in(directory, name);
      } else if (const auto is = look_in(directory, name); is && S_ISDIR(is->st_mode)) {
        hide_lower(open_directory_in(directory, name).get(), steps);
      }
    }
  }

  void put_in(int parent, const std::string& name, const TarEntry& entry) {
    const bool device = entry.kind == Kind::character || entry.kind == Kind::block;
    if (entry.kind == Kind::character && entry.major == 0 && entry.minor == 0) {
      remove_tree_in(parent, name);  // overlay's white-out
      return;
    }
    if (device) throw refused(entry.name, "is a device");
    const auto there = look_in(parent, name);
    const bool stays = there && S_ISDIR(there->st_mode) && entry.kind == Kind::directory;
    // The link may be to itself, under another name; its file must be found before anything goes.
    if (entry.kind == Kind::hard_link) return put_hard_link(parent, name, entry);
    if (there && !stays) remove_tree_in(parent, name);
    if (entry.kind == Kind::symlink) return put_symlink(parent, name, entry);
    if (entry.kind == Kind::directory && !stays && ::mkdirat(parent, name.c_str(), 0700) != 0) fail(entry.name);
    if (entry.kind == Kind::fifo && ::mkfifoat(parent, name.c_str(), 0600) != 0) fail(entry.name);
    const UniqueFd own = entry.kind == Kind::file ? write_file(parent, name, entry) : open_new(parent, name, entry);
    set_owner_and_mode(own.get(), entry);
    set_xattrs(own.get(), entry);
    if (entry.kind != Kind::directory) set_time(own.get(), time_of(entry));
  }

  UniqueFd write_file(int parent, const std::string& name, const TarEntry& entry) {
    UniqueFd file(::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) fail(entry.name);
    std::array<char, 64u << 10> chunk;
    while (const std::size_t size = tar_.read(chunk.data(), chunk.size()))
      for (std::size_t done = 0; done < size;) {
        const auto wrote = ::write(file.get(), chunk.data() + done, size - done);
        if (wrote < 0 && errno != EINTR) fail(entry.name);
        done += wrote < 0 ? 0 : static_cast<std::size_t>(wrote);
      }
    return file;
  }

  static UniqueFd open_new(int parent, const std::string& name, const TarEntry& entry) {
    const int flags = entry.kind == Kind::directory ? O_DIRECTORY : O_NONBLOCK;
    UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags));
    if (!fd) fail(entry.name);
    return fd;
  }

  static void put_symlink(int parent, const std::string& name, const TarEntry& entry) {
    if (entry.link.empty() || ::symlinkat(entry.link.c_str(), parent, name.c_str()) != 0 ||
        ::fchownat(parent, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
      fail(entry.name);
    const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, time_of(entry)};
    ::utimensat(parent, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
  }

  void put_hard_link(int parent, const std::string& name, const TarEntry& entry) {
    Steps steps = steps_of(entry.link);
    if (steps.empty()) throw refused(entry.name, "is a link to the root itself");
    const std::string last = steps.back();
    steps.pop_back();
    const UniqueFd theirs = open_below(root_, steps, false);
    const auto is = theirs ? look_in(theirs.get(), last) : std::nullopt;
    if (!is || !(S_ISREG(is->st_mode) || S_ISLNK(is->st_mode) || S_ISFIFO(is->st_mode)))
      throw refused(entry.name, "is a link to what is no file: " + entry.link);
    if (const auto own = look_in(parent, name)) {
      if (own->st_ino == is->st_ino && own->st_dev == is->st_dev) return;
      remove_tree_in(parent, name);
    }
    if (::linkat(theirs.get(), last.c_str(), parent, name.c_str(), 0) != 0) fail(entry.name);
  }

  static void set_owner_and_mode(int fd, const TarEntry& entry) {
    if (::fchown(fd, entry.uid, entry.gid) != 0 || ::fchmod(fd, entry.mode) != 0) fail(entry.name);
  }

  static void set_xattrs(int fd, const TarEntry& entry) {
    for (const auto& [name, value] : entry.xattrs) {
      if (!may_be_set(name)) continue;
      if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && errno != EOPNOTSUPP) fail(entry.name);
    }
  }

  static timespec time_of(const TarEntry& entry) {
    return {static_cast<time_t>(entry.mtime), static_cast<long>(entry.mtime_ns)};
  }
  /// A time that the file system cannot keep is not worth a failure.
  static void set_time(int fd, const timespec& time) {
    const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, time};
    ::futimens(fd, times.data());
  }

  const int root_;
  TarReader tar_;
  std::set<Steps> seen_;
  std::vector<std::pair<Steps, timespec>> times_;
};

}  // namespace

void apply_changes(int root, ReadBytes archive) {
  try {
    Unpacking(root, std::move(archive)).run();
  } catch (Error& error) {
    throw error.in("putting the changed files over the image's");
  }
}

void apply_deletions(int root, const std::string& text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_array()) throw Error(ErrorKind::refused, "deleted.files is no list");
  for (const Json& each : json) {
    if (!each.is_string()) throw Error(ErrorKind::refused, "deleted.files is no list of names");
    Steps steps = steps_of(each.get<std::string>());
    if (steps.empty()) throw Error(ErrorKind::refused, "deleted.files names the root itself");
    const std::string name = steps.back();
    steps.pop_back();
    if (const UniqueFd parent = open_below(root, steps, false)) remove_tree_in(parent.get(), name);
  }
}

}  // namespace ms2m::node
