#include "kube/kubeconfig.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/base64.hpp"
#include "kube/id_token.hpp"
#include "kube/kubeconfig_file.hpp"
#include "ms2m/error.hpp"
#include "wrap/curl/url.hpp"

namespace ms2m {
namespace {

namespace fs = std::filesystem;

std::string text_of(const YAML::Node& map, const char* key) {
  const YAML::Node node = map[key];
  return node && node.IsScalar() ? node.as<std::string>() : std::string();
}

bool flag_of(const KubeconfigEntry& entry, const char* key) {
  const YAML::Node node = entry.value[key];
  if (!node || node.IsNull()) return false;
  bool value = false;
  if (!YAML::convert<bool>::decode(node, value))
    throw Error(ErrorKind::usage, fmt::format("the kubeconfig {}, line {}: {} is neither true nor false", entry.file,
                                              node.Mark().line + 1, key));
  return value;
}

std::string absolute(const std::string& path, const std::string& file) {
  if (path.empty() || fs::path(path).is_absolute()) return path;
  return (fs::absolute(file).parent_path() / path).lexically_normal().string();
}

std::string read_small(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// KEY-data or KEY of an entry; a file must be readable now, to be told apart from a refusal of the server later.
Pem pem_of(const KubeconfigEntry& entry, const std::string& key) {
  Pem pem;
  const std::string data = text_of(entry.value, (key + "-data").c_str());
  if (!data.empty()) {
    const auto decoded = base64_decode(data);
    if (!decoded)
      throw Error(ErrorKind::usage, fmt::format("the kubeconfig {}: {}-data is not base64", entry.file, key));
    pem.data = *decoded;
    return pem;
  }
  pem.file = absolute(text_of(entry.value, key.c_str()), entry.file);
  if (!pem.file.empty() && !std::ifstream(pem.file))
    throw Error(ErrorKind::usage,
                fmt::format("cannot read the {} {} that the kubeconfig {} names", key, pem.file, entry.file),
                fmt::format("correct {} in {}", key, entry.file));
  return pem;
}

Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& pair : node) object[pair.first.as<std::string>()] = to_json(pair.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(to_json(item));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  if (node.Tag() == "!") return node.as<std::string>();  // quoted
  bool truth = false;
  std::int64_t whole = 0;
  double number = 0;
  if (YAML::convert<bool>::decode(node, truth)) return truth;
  if (YAML::convert<std::int64_t>::decode(node, whole)) return whole;
  if (YAML::convert<double>::decode(node, number)) return number;
  return node.as<std::string>();
}

ExecPlugin exec_of(const KubeconfigEntry& user, const std::string& user_name) {
  const YAML::Node node = user.value["exec"];
  const auto wrong = [&](const std::string& why) {
    return Error(ErrorKind::usage,
                 fmt::format("the kubeconfig {}: exec of user \"{}\": {}", user.file, user_name, why));
  };
  ExecPlugin plugin;
  plugin.api_version = text_of(node, "apiVersion");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    throw wrong(fmt::format("apiVersion \"{}\" is not supported (only client.authentication.k8s.io/v1 and v1beta1)",
                            plugin.api_version));
  plugin.command = text_of(node, "command");
  if (plugin.command.empty()) throw wrong("no command");
  if (plugin.command.find('/') != std::string::npos) plugin.command = absolute(plugin.command, user.file);
  if (node["args"] && node["args"].IsSequence())
    for (const auto& arg : node["args"]) plugin.args.push_back(arg.as<std::string>());
  if (node["env"] && node["env"].IsSequence())
    for (const auto& pair : node["env"]) plugin.env.emplace_back(text_of(pair, "name"), text_of(pair, "value"));
  plugin.install_hint = text_of(node, "installHint");
  plugin.provide_cluster_info = text_of(node, "provideClusterInfo") == "true";
  const std::string mode = text_of(node, "interactiveMode");
  if (mode == "Never") {
    plugin.interactive = ExecPlugin::Interactive::never;
  } else if (mode == "Always") {
    plugin.interactive = ExecPlugin::Interactive::always;
  } else if (mode != "IfAvailable" && !(mode.empty() && plugin.api_version.ends_with("/v1beta1"))) {
    throw wrong("interactiveMode must be Never, IfAvailable or Always");
  }
  return plugin;
}

/// As client-go reads it. What is wrong is not repeated: it may hold a password.
std::string proxy_of(const KubeconfigEntry& cluster) {
  const std::string proxy = text_of(cluster.value, "proxy-url");
  if (proxy.empty()) return proxy;
  const auto end = proxy.find("://");
  std::string scheme = end == std::string::npos ? "" : proxy.substr(0, end);
  for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (scheme != "http" && scheme != "https" && scheme != "socks5")
    throw Error(ErrorKind::usage, fmt::format("the kubeconfig {}: proxy-url of a cluster is not one", cluster.file),
                "write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT");
  try {
    check_url("http" + proxy.substr(end));
  } catch (Error& error) {
    throw error.in(fmt::format("the kubeconfig {}: proxy-url of a cluster", cluster.file));
  }
  return proxy;
}

void take_cluster(const KubeconfigEntry& cluster, KubeAccess& access) {
  access.server = text_of(cluster.value, "server");
  while (access.server.ends_with('/')) access.server.pop_back();
  if (access.server.find("://") == std::string::npos) access.server = "https://" + access.server;
  try {
    check_url(access.server);
  } catch (Error& error) {
    throw error.in(fmt::format("the kubeconfig {}: server of a cluster", cluster.file));
  }
  access.tls.ca = pem_of(cluster, "certificate-authority");
  access.tls.server_name = text_of(cluster.value, "tls-server-name");
  access.tls.insecure = flag_of(cluster, "insecure-skip-tls-verify");
  if (access.tls.insecure && !access.tls.ca.empty())
    throw Error(ErrorKind::usage,
                fmt::format("the kubeconfig {}: a cluster has both certificate-authority and insecure-skip-tls-verify",
                            cluster.file),
                "remove one of the two");
  access.proxy = proxy_of(cluster);
}

void take_user(const KubeconfigEntry& user, KubeAccess& access) {
  access.tls.certificate = pem_of(user, "client-certificate");
  access.tls.key = pem_of(user, "client-key");
  if (access.tls.certificate.empty() != access.tls.key.empty())
    throw Error(ErrorKind::usage,
                fmt::format("the kubeconfig {}: user \"{}\" has a client-certificate without client-key, or "
                            "the other way round",
                            user.file, access.user));
  access.token = text_of(user.value, "token");
  access.token_file = absolute(text_of(user.value, "tokenFile"), user.file);
  access.username = text_of(user.value, "username");
  access.password = text_of(user.value, "password");
  access.as = text_of(user.value, "as");
  access.as_uid = text_of(user.value, "as-uid");
  if (const YAML::Node groups = user.value["as-groups"]; groups && groups.IsSequence())
    for (const auto& group : groups) access.as_groups.push_back(group.as<std::string>());
  if (const YAML::Node extra = user.value["as-user-extra"]; extra && extra.IsMap())
    for (const auto& pair : extra)
      for (const auto& value : pair.second)
        access.as_extra.emplace_back(pair.first.as<std::string>(), value.as<std::string>());
  if (user.value["exec"] && user.value["exec"].IsMap()) access.exec = exec_of(user, access.user);
  const YAML::Node provider = user.value["auth-provider"];
  if (provider && provider.IsMap() && !access.exec && access.token.empty() && access.token_file.empty()) {
    if (text_of(provider, "name") != "oidc")
      throw Error(
          ErrorKind::usage,
          fmt::format("the kubeconfig {}: user \"{}\" uses the auth-provider {}, which Kubernetes itself has given up",
                      user.file, access.user, text_of(provider, "name")),
          "use the provider's exec plugin instead");
    access.id_token = id_token_in(user.value);
    access.id_token->file = user.file;
    access.id_token->user = access.user;
    access.id_token->context = access.context;
  }
}

std::string names_of(const std::map<std::string, KubeconfigEntry>& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

KubeAccess choose(const KubeconfigFiles& files, const std::string& wanted, const std::string& where) {
  KubeAccess access;
  access.context = wanted.empty() ? files.current_context : wanted;
  if (access.context.empty())
    throw Error(ErrorKind::usage, fmt::format("{} has no current-context", where),
                fmt::format("give --context with one of those there: {}", names_of(files.contexts)));
  const auto context = files.contexts.find(access.context);
  if (context == files.contexts.end())
    throw Error(ErrorKind::usage, fmt::format("there is no context \"{}\" in {}", access.context, where),
                fmt::format("contexts there: {}", names_of(files.contexts)));
  const std::string cluster_name = text_of(context->second.value, "cluster");
  access.user = text_of(context->second.value, "user");
  if (const std::string ns = text_of(context->second.value, "namespace"); !ns.empty()) access.ns = ns;
  const auto cluster = files.clusters.find(cluster_name);
  if (cluster == files.clusters.end() || text_of(cluster->second.value, "server").empty())
    throw Error(ErrorKind::usage,
                fmt::format("context \"{}\" names the cluster \"{}\", which {} {}", access.context, cluster_name, where,
                            cluster == files.clusters.end() ? "does not have" : "gives no server"),
                "name the cluster and its server there, or choose another context");
  take_cluster(cluster->second, access);
  if (!access.user.empty()) {
    const auto user = files.users.find(access.user);
    if (user == files.users.end())
      throw Error(ErrorKind::usage,
                  fmt::format("context \"{}\" names the user \"{}\", which {} does not have", access.context,
                              access.user, where),
                  "add that user there, or choose another context");
    take_user(user->second, access);
  }
  if (access.exec && access.exec->provide_cluster_info)
    if (const YAML::Node extensions = cluster->second.value["extensions"]; extensions && extensions.IsSequence())
      for (const auto& extension : extensions)
        if (text_of(extension, "name") == "client.authentication.k8s.io/exec")
          access.exec->cluster_config = to_json(extension["extension"]);
  return access;
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

std::string variable(const KubeconfigSource& source, const std::string& name) {
  if (source.env) return source.env(name).value_or("");
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): read before any thread starts
  return value != nullptr ? value : "";
}

/// What the files say together, and which were looked for and read.
struct Merged {
  KubeconfigFiles files;
  std::vector<std::string> candidates;
  std::string where;
};

Merged merge(const KubeconfigSource& source) {
  Merged merged;
  auto& [files, candidates, where] = merged;
  if (!source.file.empty()) {
    candidates.push_back(source.file);
  } else if (const std::string list = variable(source, "KUBECONFIG"); !list.empty()) {
    std::istringstream parts(list);
    for (std::string part; std::getline(parts, part, ':');)
      if (!part.empty()) candidates.push_back(part);
  } else if (const std::string home = variable(source, "HOME"); !home.empty()) {
    candidates.push_back(home + "/.kube/config");
  }
  for (const auto& file : candidates) {
    std::error_code ignored;
    if (source.file.empty() && !fs::exists(file, ignored)) continue;
    merge_kubeconfig_file(file, files);
    where += (where.empty() ? "" : ":") + file;
  }
  return merged;
}

}  // namespace

KubeAccess load_kube_access(const KubeconfigSource& source) {
  const auto [files, candidates, where] = merge(source);
  if (!files.empty() || !source.file.empty() || !source.context.empty()) {
    KubeAccess access = choose(files, source.context, where.empty() ? "the kubeconfig" : "the kubeconfig " + where);
    access.kubeconfig = where;
    return access;
  }

  const std::string host = variable(source, "KUBERNETES_SERVICE_HOST"),
                    port = variable(source, "KUBERNETES_SERVICE_PORT");
  KubeAccess access;
  access.token_file = source.service_account + "/token";
  if (host.empty() || port.empty() || !std::ifstream(access.token_file)) {
    std::string tried;
    for (const auto& file : candidates) tried += (tried.empty() ? "" : ", ") + file;
    throw Error(ErrorKind::usage,
                fmt::format("no kubeconfig found (looked at {})", tried.empty() ? "nothing: HOME is not set" : tried),
                "give --kubeconfig FILE, or set KUBECONFIG");
  }
  access.server = "https://" + (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
  access.user = "in-cluster service account";
  access.tls.ca.file = source.service_account + "/ca.crt";
  if (const std::string ns = trimmed(read_small(source.service_account + "/namespace")); !ns.empty()) access.ns = ns;
  return access;
}

std::vector<std::string> kube_contexts(const KubeconfigSource& source) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : merge(source).files.contexts) names.push_back(name);
  return names;
}

}  // namespace ms2m
