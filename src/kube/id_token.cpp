#include "kube/id_token.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/moment.hpp"
#include "kube/kubeconfig_file.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

/// As client-go: a token this close to its end is not used any more.
constexpr std::chrono::seconds kNearEnd{10};

bool is_good(const std::string& token) {
  const auto expiry = expiry_of(token);
  return expiry && std::chrono::system_clock::now() + kNearEnd < *expiry;
}

Error not_good(const IdToken& held) {
  const auto expiry = expiry_of(held.token);
  const std::string what =
      held.token.empty() ? "there is none"
      : expiry           ? fmt::format("it expired at {:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(*expiry))
                         : "it is no JSON Web Token with an end";
  return Error(
      ErrorKind::forbidden,
      fmt::format("the id-token of user \"{}\" in the kubeconfig {} cannot be used: {}", held.user, held.file, what),
      held.refreshable
          ? "let it be renewed: " + remedy::command(remedy::Command::renew_login, {held.file, held.context, "/"})
          : "log in again: without a refresh-token nobody can renew it");
}

}  // namespace

IdToken id_token_in(const YAML::Node& user) {
  IdToken found;
  const YAML::Node provider = user["auth-provider"];
  if (!provider || !provider.IsMap()) return found;
  const YAML::Node config = provider["config"];
  if (!config || !config.IsMap()) return found;
  const auto text = [&config](const char* key) {
    const YAML::Node value = config[key];
    return value && value.IsScalar() ? value.Scalar() : std::string();
  };
  found.token = text("id-token");
  found.refreshable = !text("refresh-token").empty();
  return found;
}

std::optional<std::chrono::system_clock::time_point> expiry_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos || token.find('.', second + 1) != std::string::npos) return std::nullopt;
  std::string payload = token.substr(first + 1, second - first - 1);
  for (char& c : payload) {  // the alphabet for URLs, RFC 4648 section 5
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  const auto text = base64_decode(payload);
  const Json claims = text ? Json::parse(*text, nullptr, false) : Json();
  if (!claims.is_object() || !claims.contains("exp") || !claims["exp"].is_number()) return std::nullopt;
  return moment_of(claims["exp"].get<double>());
}

std::string valid_id_token(IdToken& held) {
  if (is_good(held.token)) return held.token;
  KubeconfigFiles files;
  merge_kubeconfig_file(held.file, files);
  if (const auto user = files.users.find(held.user); user != files.users.end()) {
    const IdToken now = id_token_in(user->second.value);
    held.token = now.token;
    held.refreshable = now.refreshable;
  }
  if (!is_good(held.token)) throw not_good(held);
  return held.token;
}

}  // namespace ms2m
