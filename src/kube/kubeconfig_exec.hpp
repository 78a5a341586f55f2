// A user's credential plugin, as a kubeconfig has it.
#pragma once
#include <string>

#include "kube/kube_access.hpp"
#include "kube/kubeconfig_file.hpp"

namespace ms2m {

/// Of a user's entry that has an "exec". Error{usage} with file and user when that is not right.
ExecPlugin exec_of(const KubeconfigEntry& user, const std::string& user_name);
/// The same value; a quoted scalar is a string.
Json json_of(const YAML::Node& node);

}  // namespace ms2m
