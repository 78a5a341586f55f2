// Where what is kept of a checkpoint's archive lies in a restore's directory.
#pragma once
#include <string>

#include "ms2m/node.hpp"
#include "node/tar/entry.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// "checkpoint" with CRIU's images, rootfs-diff.tar, deleted.files; of an early round the images of memory alone, in
/// "rounds/<number>". Unless keep() is called, all that was made is removed again.
class RestoreFiles {
 public:
  /// Removes what a program left that was killed, and rounds that are of no use any more. `place`, an open directory,
  /// must outlive it. `before`: rounds that are there already, and over the last of which this is an increment; 0: it
  /// is whole. Error{conflict}: somebody removes the restore.
  RestoreFiles(int place, Round round, int before);
  ~RestoreFiles();
  RestoreFiles(const RestoreFiles&) = delete;
  RestoreFiles& operator=(const RestoreFiles&) = delete;

  /// A file for a member's contents; empty: nobody needs it. Error{refused}: it is no checkpoint's.
  posix::UniqueFd open_for(const TarEntry& entry) const;
  /// Whether the images are CRIU's.
  bool complete() const;
  void keep() noexcept { kept_ = true; }

 private:
  bool is_wanted(const std::string& image) const;
  void remove() const;
  const int place_;
  const bool early_;
  const std::string directory_;  ///< of the images
  posix::UniqueFd at_;           ///< in which that lies
  posix::UniqueFd images_;
  bool kept_ = false;
};

}  // namespace ms2m::node
