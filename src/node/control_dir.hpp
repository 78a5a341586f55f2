// Where the sockets of the ssh connections are.
#pragma once
#include "wrap/posix/files.hpp"

namespace ms2m::node {

/// A private directory with a path short enough for a socket's name, below $XDG_RUNTIME_DIR, else below /tmp; removed
/// by the destructor. The constructor removes those that a killed ms2m of the same user left there: their lock is free.
class ControlDir {
 public:
  ControlDir();
  /// What the constructor removes; for whoever needs no directory. Never throws.
  static void remove_stale() noexcept;
  const std::filesystem::path& path() const noexcept { return dir_.path(); }

 private:
  posix::TempDir dir_;
  posix::UniqueFd lock_;
};

}  // namespace ms2m::node
