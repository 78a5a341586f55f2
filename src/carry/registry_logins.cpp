#include "carry/registry_logins.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/base64.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kHelper{30};  // it may ask a keyring, or a cloud

Error unusable(const std::string& what, const RegistryPlace& place) {
  return Error(ErrorKind::refused, what, "log in anew: skopeo login " + place.host);
}

/// The names that a registry has in such files.
std::vector<std::string> names_of(const RegistryPlace& place) {
  std::vector<std::string> all;
  for (std::string part = place.shown();; part = part.substr(0, part.rfind('/'))) {
    all.push_back(part);
    if (part == place.host) break;
  }
  return all;
}

/// "https://registry.example/v1/" is how docker may write "registry.example".
std::string plain_name(std::string key) {
  for (const char* scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key = key.substr(std::string(scheme).size());
  for (const char* end : {"/v1/", "/v2/", "/v1", "/v2", "/"})
    if (key.ends_with(end)) return key.substr(0, key.size() - std::string(end).size());
  return key;
}

std::optional<std::string> text_in(const Json& object, const std::string& key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) return std::nullopt;
  return found->get<std::string>();
}

/// docker-credential-NAME's protocol: the server on stdin, JSON on stdout.
std::optional<RegistryLogin> ask_helper(const std::string& name, const std::string& server, const RegistryPlace& place,
                                        const StopToken& stop) {
  const std::string helper = "docker-credential-" + name;
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; }))
    throw unusable("'" + name + "' is not the name of a credential helper", place);
  posix::RunSpec spec;
  spec.process.argv = {helper, "get"};
  spec.input = server;
  posix::RunResult result;
  try {
    result = posix::run_process(spec, stop.within(kHelper), "asking " + helper);
  } catch (const Error& error) {
    stop.check("asking " + helper);
    throw unusable("the credential helper " + helper + " does not work: " + error.message(), place);
  }
  if (!result.ok()) {
    // It says so on stdout.
    if (result.out.find("credentials not found") != std::string::npos) return std::nullopt;
    throw unusable("the credential helper " + helper + " has failed for " + server + " (" + result.status.text() + ")",
                   place);
  }
  const Json said = Json::parse(result.out, nullptr, false);
  const auto user = text_in(said, "Username"), secret = text_in(said, "Secret");
  if (!user || !secret) throw unusable("the credential helper " + helper + " says nothing for " + server, place);
  if (*user == "<token>")
    throw unusable("the credential helper " + helper + " has an identity token for " + server +
                       ", which ms2m cannot use: it needs a user name and a password",
                   place);
  return RegistryLogin{*user, *secret};
}

std::optional<RegistryLogin> written(const Json& entry, const std::string& file, const RegistryPlace& place) {
  if (text_in(entry, "identitytoken"))
    throw unusable(file + " has an identity token for " + place.host +
                       ", which ms2m cannot use: it needs a user name and a password",
                   place);
  const auto auth = text_in(entry, "auth");
  if (!auth) {
    const auto user = text_in(entry, "username"), password = text_in(entry, "password");
    if (user && password) return RegistryLogin{*user, *password};
    return std::nullopt;  // it says that a helper has it
  }
  const auto both = base64_decode(*auth);
  const auto colon = both ? both->find(':') : std::string::npos;
  if (colon == std::string::npos) throw unusable("what " + file + " has for " + place.host + " is no login", place);
  std::string password = both->substr(colon + 1);
  while (!password.empty() && password.back() == '\0') password.pop_back();
  return RegistryLogin{both->substr(0, colon), password};
}

std::optional<RegistryLogin> find_in(const std::string& file, const RegistryPlace& place, const StopToken& stop) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::nullopt;
  Json all;
  try {
    all = Json::parse(posix::read_file(file), nullptr, false);
  } catch (const std::exception&) {
    throw unusable(file + " cannot be read", place);
  }
  if (!all.is_object()) throw unusable(file + " is no JSON object", place);
  const auto part = [&](const char* name) {
    const auto found = all.find(name);
    return found != all.end() && found->is_object() ? *found : Json::object();
  };
  const Json helpers = part("credHelpers"), auths = part("auths");
  for (const std::string& name : names_of(place)) {
    if (const auto helper = text_in(helpers, name)) return ask_helper(*helper, name, place, stop);
    for (const auto& [key, entry] : auths.items())
      if (plain_name(key) == name)
        if (auto login = written(entry, file, place)) return login;
  }
  const auto store = text_in(all, "credsStore");
  if (!store) return std::nullopt;
  return ask_helper(*store, place.host, place, stop);
}

}  // namespace

std::vector<std::string> RegistryLogins::files() const {
  if (const auto named = variable_("REGISTRY_AUTH_FILE")) return {*named};
  std::vector<std::string> all;
  const std::string home = variable_("HOME").value_or("");
  if (const auto runtime = variable_("XDG_RUNTIME_DIR")) all.push_back(*runtime + "/containers/auth.json");
  all.push_back(variable_("XDG_CONFIG_HOME").value_or(home + "/.config") + "/containers/auth.json");
  all.push_back(variable_("DOCKER_CONFIG").value_or(home + "/.docker") + "/config.json");
  return all;
}

std::optional<RegistryLogin> RegistryLogins::find(const RegistryPlace& place, const StopToken& stop) const {
  for (const std::string& file : files())
    if (auto login = find_in(file, place, stop)) return login;
  return std::nullopt;
}

}  // namespace ms2m
