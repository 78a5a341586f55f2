#include "node/dump/root_overlay.hpp"

#include <fcntl.h>

#include "ms2m/error.hpp"
#include "node/runtime/mountinfo.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

std::vector<Mount> mounts_of(const std::string& process) {
  return parse_mounts(read_text(process + "/mountinfo").value_or(""));
}

/// containers-storage mounts with paths relative to its directory when they would be too many bytes otherwise: then the
/// same mount on the node, <directory>/<layer>/merged, tells which directory that is.
posix::UniqueFd open_upper(const Mount& root, const std::string& upper) {
  if (upper.starts_with('/')) return open_directory(upper);
  for (const Mount& mount : mounts_of("/proc/self")) {
    if (mount.type != root.type || mount.options != root.options) continue;
    const std::string layer = split_path(mount.point).first;
    if (auto found = open_directory(split_path(layer).first + "/" + upper)) return found;
  }
  return {};
}

}  // namespace

RootOverlay open_root_overlay(const std::string& process) {
  RootOverlay overlay;
  const std::vector<Mount> mounts = mounts_of(process);
  const Mount* root = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.point == "/") root = &mount;  // the last one is on top
    if (mount.point.size() > 1) overlay.mounts.insert(mount.point.substr(1));
  }
  if (root == nullptr) throw Error(ErrorKind::failed, "the container's first process has gone");
  const auto upper = root->type == "overlay" ? mount_option(*root, "upperdir") : std::nullopt;
  if (!upper)
    throw Error(ErrorKind::refused, "its root file system is no overlay that can be written to (" + root->type + ")");
  overlay.user_attributes = mount_option(*root, "userxattr").has_value();
  overlay.upper = open_upper(*root, *upper);
  if (!overlay.upper) throw Error(ErrorKind::refused, "the changes of its root file system are not in " + *upper);
  overlay.whole.reset(::open((process + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!overlay.whole) posix::throw_errno("the root file system of the container's first process");
  return overlay;
}

}  // namespace ms2m::node
