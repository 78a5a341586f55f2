// The default roles of a cluster (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), shortened to what the lab serves.
#pragma once

#include <string>

namespace ms2m::lab {

std::string bootstrap_policy();  // YAML documents

}  // namespace ms2m::lab
