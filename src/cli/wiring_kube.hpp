// How the cluster is reached, from what was said of it and this process's environment.
#pragma once
#include <optional>
#include <string>

#include "cli/backend.hpp"
#include "kube/kubeconfig.hpp"

namespace ms2m::cli {

/// Of the environment; nullopt: not set, or empty.
std::optional<std::string> variable(const std::string& name);
/// A kubeconfig, or a list as $KUBECONFIG has it, and a context in it.
KubeconfigSource source_of(const std::string& list, const std::string& context);
/// Errors as load_kube_access()'s.
KubeAccess access_of(const KubeOptions& options);

}  // namespace ms2m::cli
