// /proc/<pid>/mountinfo (proc(5)). Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace ms2m::node {

struct Mount {
  std::string point;    ///< as the process sees it
  std::string type;     ///< of the file system
  std::string options;  ///< of the file system, not of the mount, as they stand there
};
/// In the order in which they were mounted. Lines that are none are left out.
std::vector<Mount> parse_mounts(const std::string& mountinfo);
/// Value of an option, "" for a flag; nullopt: it has none of that name.
std::optional<std::string> mount_option(const Mount& mount, const std::string& name);

}  // namespace ms2m::node
