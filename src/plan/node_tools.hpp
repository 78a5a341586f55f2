// What the values of NodeTools mean.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "ms2m/node_tools.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// Numbers of "4.2.1", "2.1.9+unknown", "v1.36.3-dev"; empty when it begins with none. Compare with <: 4.2 < 4.2.1.
std::vector<int> version_numbers(const std::string& text);

/// CRIU's configuration file that this node's OCI runtime reads, "/etc/criu/crun.conf" or "/etc/criu/runc.conf": crun
/// takes runc's when its own is not there.
std::string criu_config_file(const NodeTools& tools);
/// The options in it.
std::map<std::string, std::string> criu_options(const NodeTools& tools);
/// The largest deleted file that CRIU carries along: its option ghost-limit, 1 MiB by default.
Bytes ghost_limit(const NodeTools& tools);

}  // namespace ms2m
