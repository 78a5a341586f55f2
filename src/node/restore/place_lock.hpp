// Who changes what lies in a restore's directory.
#pragma once
#include "ms2m/units.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// The directory's lock, for as long as the object lives. The constructor waits for it: others hold it for moments.
/// Error{failed}: somebody has had it all the time.
class PlaceLock {
 public:
  explicit PlaceLock(int directory, Millis limit = std::chrono::seconds(20));

 private:
  posix::UniqueFd own_;
};

}  // namespace ms2m::node
