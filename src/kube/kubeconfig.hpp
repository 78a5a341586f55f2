// Where the cluster is and who we are there: kubeconfig files as kubectl reads them, or the pod's own service account.
// Source: kubernetes.io "Organizing Cluster Access Using kubeconfig Files"; client-go tools/clientcmd.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kube/kube_access.hpp"

namespace ms2m {

/// What is asked for and where to look. The defaults are the real process's; tests put their own there.
struct KubeconfigSource {
  std::string file;     ///< --kubeconfig: only this one, and it must exist
  std::string context;  ///< --context; empty: current-context
  KubeFlags flags;      ///< as kubectl's options, which go over what the context says
  std::string token;    ///< goes over the user's own way to log in; secret
  std::function<std::optional<std::string>(const std::string& name)> env;  ///< null: getenv
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// `file`, else the merged list $KUBECONFIG (missing files are skipped; the first to name a thing wins), else
/// ~/.kube/config, else the service account of the pod that we run in. Reads files, nothing else.
/// Error{usage} naming the file and the cure: nothing found, a file that is no YAML (with line), an unknown context,
/// cluster or user, a certificate file that cannot be read, broken base64, an auth-provider that kubectl has given up,
/// a server that is no URL, a uid or groups to impersonate without a user, a token beside a password or an unreadable
/// one. With flags.server there need not be a kubeconfig. Over http:// no credentials go, as in client-go.
KubeAccess load_kube_access(const KubeconfigSource& source);

/// The names of the contexts in the same files, source.context aside; none when there is no file.
std::vector<std::string> kube_contexts(const KubeconfigSource& source);

}  // namespace ms2m
