// Where a cluster is and who we are there: values.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/place.hpp"
#include "ms2m/units.hpp"
#include "wrap/curl/http.hpp"

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

inline constexpr Millis kAttemptLimit{60000};

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
  KubeFlags flags;                      ///< what of this was given beside the context, for people
  Millis request_limit{kAttemptLimit};  ///< for one answer that is no stream
};

/// For commands that are to reach the same cluster as the same user.
inline Place place_of(const KubeAccess& access) { return {access.kubeconfig, access.context, "/", access.flags}; }

}  // namespace ms2m
