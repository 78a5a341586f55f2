// Where a dump lies: <layouts>/dumps/<id>.
#pragma once
#include <string>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// A directory of its own, root's alone, locked as long as this object lives, and removed with it. One without a lock
/// is what a program left that was killed; the next one that is made removes it. Not thread-safe.
class DumpPlace {
 public:
  /// Error{conflict}: there is such a dump. Error{refused}: others may write in the directory of dumps.
  DumpPlace(const std::string& layouts, const std::string& id);
  ~DumpPlace();
  DumpPlace(const DumpPlace&) = delete;
  DumpPlace& operator=(const DumpPlace&) = delete;

  const std::string& path() const noexcept { return path_; }
  int directory() const noexcept { return directory_.get(); }
  /// It is not being made any more.
  void complete();

  enum class Removed { yes, was_not_there, is_being_made };
  /// Whoever's it is, unless it is being made.
  static Removed remove(const std::string& layouts, const std::string& id);

 private:
  const std::string layouts_, id_, path_;
  posix::UniqueFd directory_;
};

}  // namespace ms2m::node
