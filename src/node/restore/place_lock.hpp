// Who changes what lies in a restore's directory.
#pragma once
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// The directory's lock, for as long as the object lives. The constructor waits for it: others hold it for moments.
class PlaceLock {
 public:
  explicit PlaceLock(int directory);

 private:
  posix::UniqueFd own_;
};

}  // namespace ms2m::node
