#include "kube/access_flags.hpp"

#include <fmt/format.h>

#include <fstream>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

bool has_token(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string word;
  return static_cast<bool>(in >> word);
}

/// A token that was given now, instead of what the user logs in with otherwise. (A client certificate stays, as with
/// kubectl.)
void take_token(const KubeFlags& flags, const std::string& token, KubeAccess& access) {
  const std::string& file = flags.token_file;
  if (token.empty() && file.empty()) return;
  if (!access.username.empty())
    throw Error(
        ErrorKind::usage,
        fmt::format("user \"{}\" of the kubeconfig logs in with a password, and a token is given, too", access.user),
        "leave the token out, or name another user with --user");
  if (token.empty() && !has_token(file))
    throw Error(ErrorKind::usage, fmt::format("there is no token in {}, or it cannot be read", file),
                "give a file with a token in it with --token-file");
  access.token = token;
  access.token_file = token.empty() ? file : "";
  access.exec.reset();
  access.id_token.reset();
}

/// Whom to be on the server. What is not given here stays as the kubeconfig has it.
void take_impersonation(const KubeFlags& flags, KubeAccess& access) {
  if (!flags.as.empty()) access.as = flags.as;
  if (!flags.as_uid.empty()) access.as_uid = flags.as_uid;
  if (!flags.as_groups.empty()) access.as_groups = flags.as_groups;
  if (access.as.empty() && !(access.as_uid.empty() && access.as_groups.empty() && access.as_extra.empty()))
    throw Error(ErrorKind::usage, "a uid or groups are to be impersonated, and no user",
                "name the user, too, with --as");
}

/// Over a connection that anybody can read nobody logs in.
void keep_from_plain_http(KubeAccess& access) {
  if (!access.server.starts_with("http://")) return;
  access.token.clear();
  access.token_file.clear();
  access.username.clear();
  access.password.clear();
  access.exec.reset();
  access.id_token.reset();
  access.tls.certificate = access.tls.key = Pem{};
}

}  // namespace

void put_over(const KubeFlags& flags, const std::string& token, KubeAccess& access) {
  take_token(flags, token, access);
  take_impersonation(flags, access);
  keep_from_plain_http(access);
  access.flags = flags;
}

}  // namespace ms2m
