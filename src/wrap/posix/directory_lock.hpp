// Programs of one machine that change what lies in one directory, one after the other.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// The directory's lock (flock), for as long as the object lives; the kernel drops it with the process. The constructor
/// waits for it: others hold it for moments. Error{failed}: somebody has had "<what>'s lock" for all of `limit`;
/// Cancelled.
class DirectoryLock {
 public:
  DirectoryLock(int directory, const std::string& what, Millis limit = std::chrono::seconds(20),
                const StopToken& stop = {});

 private:
  UniqueFd own_;
};

}  // namespace ms2m::posix
