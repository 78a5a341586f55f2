#include "node/restore/mounts.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "ms2m/error.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

/// In the order in which they were mounted.
std::vector<std::string> mounts_below(const std::string& directory) {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word;
    for (int column = 0; column < 5; ++column) words >> word;
    if (word.starts_with(directory + "/")) found.push_back(word);
  }
  return found;
}

}  // namespace

void detach_mounts_below(const std::string& directory) {
  std::error_code error;
  const auto real = std::filesystem::canonical(directory, error);  // as the kernel names it
  if (error) return;                                               // it has gone
  const auto found = mounts_below(real);
  for (auto each = found.rbegin(); each != found.rend(); ++each)
    if (::umount2(each->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) posix::throw_errno("unmounting " + *each);
}

}  // namespace ms2m::node
