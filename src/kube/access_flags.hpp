// What was given beside the kubeconfig, put over what that says.
#pragma once
#include "kube/kube_access.hpp"

namespace ms2m {

/// The token and whom to impersonate, as kubectl's options of these names are put over the user's entry; notes the
/// flags in `access`. Error{usage} as load_kube_access().
void put_over(const KubeFlags& flags, const std::string& token, KubeAccess& access);

}  // namespace ms2m
