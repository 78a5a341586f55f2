// Where the operator stands.
#pragma once
#include <string>
#include <vector>

namespace ms2m {

/// What was given beside a context of the kubeconfig. Each means what kubectl's option of that name means; empty: not
/// given. No secret is among them.
struct KubeFlags {
  std::string cluster, user;  ///< entries of the kubeconfig, instead of the context's
  std::string server;         ///< URL, instead of the cluster's
  std::string token_file;     ///< absolute; kubectl has none
  std::string as, as_uid;     ///< impersonation
  std::vector<std::string> as_groups;
  bool operator==(const KubeFlags&) const = default;
};

/// What a command (remedy.hpp) needs beside its own words to reach the same cluster and broker as ms2m did.
struct Place {
  std::string kubeconfig;  ///< a file, or a list as $KUBECONFIG has it; empty: the shell's own
  std::string context;     ///< empty: the kubeconfig's current one
  std::string vhost = "/";
  KubeFlags kube = {};
};

}  // namespace ms2m
