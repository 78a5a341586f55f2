// What the configuration of the tools on a node means. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node_tools.hpp"

namespace ms2m::node {

/// What follows "version" in what a tool says ("Version: 4.2.1", "crun version 1.28"); "".
std::string version_in(const std::string& said);
/// crun's line of features ("+SYSTEMD +SELINUX +CRIU +YAJL") is there, and has it not.
bool lacks_criu(const std::string& crun_said);
/// Of crun.conf or runc.conf.
std::map<std::string, std::string> read_criu_options(const std::string& text);
/// nullopt: neither "true" nor "false".
std::optional<bool> truth(const std::string& value);
/// "crun" or "runc" by the container's monitor, the runtime's default, what is there alone, or the first of `usual`
/// that is there; "" when it cannot be told.
std::string oci_in_use(const std::string& monitor, const std::string& by_default, const std::vector<std::string>& usual,
                       const NodeTools& tools);

}  // namespace ms2m::node
