// Where the cluster is and who we are there: kubeconfig files as kubectl reads them, or the pod's own service account.
// Source: kubernetes.io "Organizing Cluster Access Using kubeconfig Files"; client-go tools/clientcmd.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ms2m/json.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

/// A credential plugin (client.authentication.k8s.io): a command that prints a token or a client certificate.
struct ExecPlugin {
  enum class Interactive { never, if_available, always };
  std::string api_version;
  std::string command;  ///< with a '/' in it: made absolute from the file's directory; else looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  ///< beside the inherited ones
  std::string install_hint;
  Interactive interactive = Interactive::if_available;
  bool provide_cluster_info = false;
  Json cluster_config;  ///< cluster.extensions["client.authentication.k8s.io/exec"]; null: none
};

/// Of the auth-provider oidc. It ends after minutes or hours; kubectl, or what the user logs in with, writes the next
/// one into the same file.
struct IdToken {
  std::string token;         ///< empty: not there yet
  bool refreshable = false;  ///< there is a refresh-token, with which kubectl renews it
  std::string file, user;    ///< the kubeconfig that has it, and the entry there
  std::string context;       ///< that led to it
};

/// Everything that is needed to talk to one cluster as one user. Holds secrets: never print it.
struct KubeAccess {
  std::string server;      ///< https://host:port[/prefix]
  std::string context;     ///< empty: in-cluster
  std::string kubeconfig;  ///< the file, or a list as $KUBECONFIG has it; empty: in-cluster
  std::string user;        ///< name of the user's entry, for people
  std::string ns = "default";
  TlsOptions tls;
  std::string proxy;
  std::string token;
  std::string token_file;  ///< read anew for every request; wins over token, as in client-go
  std::string username, password;
  std::optional<ExecPlugin> exec;
  std::optional<IdToken> id_token;
  std::string as, as_uid;  ///< impersonation
  std::vector<std::string> as_groups;
  std::vector<std::pair<std::string, std::string>> as_extra;
};

/// What is asked for and where to look. The defaults are the real process's; tests put their own there.
struct KubeconfigSource {
  std::string file;     ///< --kubeconfig: only this one, and it must exist
  std::string context;  ///< --context; empty: current-context
  std::function<std::optional<std::string>(const std::string& name)> env;  ///< null: getenv
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// `file`, else the merged list $KUBECONFIG (missing files are skipped; the first to name a thing wins), else
/// ~/.kube/config, else the service account of the pod that we run in. Reads files, nothing else.
/// Error{usage} naming the file and the cure: nothing found, a file that is no YAML (with line), an unknown context,
/// cluster or user, a certificate file that cannot be read, broken base64, an auth-provider that kubectl has given up.
KubeAccess load_kube_access(const KubeconfigSource& source);

/// The names of the contexts in the same files, source.context aside; none when there is no file.
std::vector<std::string> kube_contexts(const KubeconfigSource& source);

}  // namespace ms2m
