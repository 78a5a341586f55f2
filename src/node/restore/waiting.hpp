// Who waits for a restore, and for what happens to it.
#pragma once
#include <optional>

#include "ms2m/stop.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// A `create` that waits. The newest one counts; the kernel ends it with the process, whatever that died of, which
/// whoever watches the directory is told.
class Waiting {
 public:
  /// `directory`: of the restore, open; not locked by the caller.
  explicit Waiting(int directory);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  /// False: another `create` came after this one.
  bool newest() const;
  static bool somebody(int directory);

 private:
  const int directory_;
  posix::UniqueFd file_;
};

/// A restore that is under way, from before it is taken until all that it began is the pod's or has ended: the kernel's
/// lock, for as long as a process has the file open.
class Underway {
 public:
  /// Under the record's lock (RestorePlace::change()). Error{failed}: another one is.
  explicit Underway(int directory);
  int fd() const noexcept { return file_.get(); }
  static bool any(int directory);

 private:
  posix::UniqueFd file_;
};

/// Who writes a restore's data: one at a time; the kernel's lock, as of Underway.
class Receiving {
 public:
  /// Error{conflict}: another one does.
  explicit Receiving(int directory);

 private:
  posix::UniqueFd file_;
};

/// Changes of one directory: files that are put there, changed or removed. Everything since it was made is seen.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(int directory);
  /// Returns when something has changed, or the deadline of `stop` has passed (false). Throws Cancelled.
  bool await(const StopToken& stop);

 private:
  posix::UniqueFd inotify_;
};

}  // namespace ms2m::node
