// What the configuration of the tools on a node means. Pure.
#pragma once
#include <map>
#include <string>

#include "ms2m/node_tools.hpp"

namespace ms2m::node {

/// What follows "version" in what a tool says ("Version: 4.2.1", "crun version 1.28"); "".
std::string version_in(const std::string& said);
/// crun's line of features ("+SYSTEMD +SELINUX +CRIU +YAJL") is there, and has it not.
bool lacks_criu(const std::string& crun_said);
/// Of crun.conf or runc.conf.
std::map<std::string, std::string> read_criu_options(const std::string& text);
/// Nothing in it: not configured. Returns default_runtime, or "".
std::string read_crio(const std::string& toml, NodeTools& tools);
void read_containerd(const std::string& toml, NodeTools& tools);
/// "crun" or "runc" by the container's monitor, the runtime's default, what is there alone, or what each runtime takes
/// when nobody says otherwise; "" when it cannot be told.
std::string oci_in_use(const std::string& monitor, const std::string& by_default, const NodeTools& tools);

}  // namespace ms2m::node
