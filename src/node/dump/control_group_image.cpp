#include "node/dump/control_group_image.hpp"

namespace ms2m::node {

std::string thawed_in_image(std::string cgroup_image) {
  // Field 1, the name, of 13 bytes; field 2, the value, of 6.
  const std::string property = std::string("\x0a\x0d") + "freezer.state" + "\x12\x06";
  for (auto at = cgroup_image.find(property); at != std::string::npos; at = cgroup_image.find(property, at + 1))
    if (cgroup_image.compare(at + property.size(), 6, "FROZEN") == 0)
      cgroup_image.replace(at + property.size(), 6, "THAWED");
  return cgroup_image;
}

}  // namespace ms2m::node
