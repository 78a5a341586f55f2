#include "node/program/dump_place.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

constexpr const char* kBeingMade = "being-made";
constexpr int kMostTries = 100;

std::string top_of(const std::string& layouts) { return layouts + "/" + kDumps; }

/// The directory of dumps. Whoever makes or removes one has its lock for that moment. Empty: there is none.
UniqueFd lock_top(const std::string& layouts, bool make) {
  const std::string path = top_of(layouts);
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (make) posix::make_private_directories(path);
    UniqueFd top = open_directory(path);
    if (!top && !make) return {};
    struct ::stat is {};
    if (!top || ::flock(top.get(), LOCK_EX) != 0 || ::fstat(top.get(), &is) != 0) continue;
    if (is.st_nlink == 0) continue;  // whoever removed the last dump took it along
    if (is.st_uid != ::geteuid() || (is.st_mode & 077) != 0)
      throw Error(ErrorKind::refused, path + " can be written or read by others", "make it mode 0700 and root's");
    return top;
  }
  throw Error(ErrorKind::failed, "somebody keeps removing " + path);
}

bool is_somebodys(int top, const std::string& name) {
  const UniqueFd directory = open_directory_in(top, name);
  return directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0;
}

/// With the directories above, when they are empty then.
bool remove_from(const std::string& layouts, int top, const std::string& id) {
  const bool found = remove_tree_in(top, id);
  ::rmdir(top_of(layouts).c_str());
  ::rmdir(layouts.c_str());
  return found;
}

}  // namespace

DumpPlace::DumpPlace(const std::string& layouts, const std::string& id)
    : layouts_(layouts), id_(id), path_(top_of(layouts) + "/" + id) {
  const UniqueFd top = lock_top(layouts, true);
  for (const std::string& each : names_in(top.get()))
    if (!is_somebodys(top.get(), each)) remove_tree_in(top.get(), each);
  if (::mkdirat(top.get(), id.c_str(), 0700) != 0) {
    if (errno == EEXIST) throw Error(ErrorKind::conflict, "there is a dump " + id + " on this node");
    posix::throw_errno(path_);
  }
  directory_ = open_directory_in(top.get(), id);
  if (!directory_ || ::flock(directory_.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::mkdirat(directory_.get(), kBeingMade, 0700) != 0)
    posix::throw_errno(path_);
}

void DumpPlace::complete() { ::unlinkat(directory_.get(), kBeingMade, AT_REMOVEDIR); }

DumpPlace::~DumpPlace() {
  try {
    struct ::stat own {
    }, there{};
    const UniqueFd top = lock_top(layouts_, false);
    // Another one may have removed it, and there may be a new one of that name.
    if (!top || ::fstat(directory_.get(), &own) != 0 || ::fstatat(top.get(), id_.c_str(), &there, 0) != 0 ||
        own.st_ino != there.st_ino)
      return;
    remove_from(layouts_, top.get(), id_);
  } catch (const std::exception&) {  // a leftover, for the next one
  }
}

DumpPlace::Removed DumpPlace::remove(const std::string& layouts, const std::string& id) {
  const UniqueFd top = lock_top(layouts, false);
  if (!top || !look_in(top.get(), id)) return Removed::was_not_there;
  const UniqueFd directory = open_directory_in(top.get(), id);
  if (directory && look_in(directory.get(), kBeingMade) && is_somebodys(top.get(), id)) return Removed::is_being_made;
  return remove_from(layouts, top.get(), id) ? Removed::yes : Removed::was_not_there;
}

}  // namespace ms2m::node
