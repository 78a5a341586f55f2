// What CRIU notes of a container's control groups.
#pragma once
#include <string>

namespace ms2m::node {

/// Of cgroup.img: "freezer.state" is FROZEN for a container that was frozen when its dump began, as ours are; restored
/// so, the copy would never run. Says THAWED instead, which is as long. CRIU: cgroup.c, add_freezer_state();
/// images/cgroup.proto, cgroup_prop_entry. Version 2's cgroup.freeze is noted while CRIU itself has thawed it.
std::string thawed_in_image(std::string cgroup_image);

}  // namespace ms2m::node
