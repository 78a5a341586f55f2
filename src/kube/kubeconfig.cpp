#include "kube/kubeconfig.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/base64.hpp"
#include "kube/access_flags.hpp"
#include "kube/id_token.hpp"
#include "kube/kubeconfig_exec.hpp"
#include "kube/kubeconfig_file.hpp"
#include "ms2m/error.hpp"
#include "wrap/curl/url.hpp"

namespace ms2m {
namespace {

namespace fs = std::filesystem;

bool flag_of(const KubeconfigEntry& entry, const char* key) {
  const YAML::Node node = entry.value[key];
  if (!node || node.IsNull()) return false;
  bool value = false;
  if (!YAML::convert<bool>::decode(node, value))
    throw Error(ErrorKind::usage, fmt::format("the kubeconfig {}, line {}: {} is neither true nor false", entry.file,
                                              node.Mark().line + 1, key));
  return value;
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

void take_server(const std::string& given, const std::string& where, KubeAccess& access) {
  access.server = given;
  while (access.server.ends_with('/')) access.server.pop_back();
  if (access.server.find("://") == std::string::npos) access.server = "https://" + access.server;
  try {
    check_url(access.server);
  } catch (Error& error) {
    throw error.in(where);
  }
}

void take_cluster(const KubeconfigEntry& cluster, KubeAccess& access) {
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

/// Which of them are meant. A context need not be there where the flags say all that it would.
KubeAccess choose_context(const KubeconfigFiles& files, const KubeconfigSource& source, const std::string& where,
                          std::string& cluster_name) {
  KubeAccess access;
  access.context = source.context.empty() ? files.current_context : source.context;
  cluster_name = source.flags.cluster;
  access.user = source.flags.user;
  if (access.context.empty() && cluster_name.empty() && source.flags.server.empty())
    throw Error(ErrorKind::usage, fmt::format("{} has no current-context", where),
                fmt::format("give --context with one of those there: {}", names_of(files.contexts)));
  if (access.context.empty()) return access;
  const auto context = files.contexts.find(access.context);
  if (context == files.contexts.end())
    throw Error(ErrorKind::usage, fmt::format("there is no context \"{}\" in {}", access.context, where),
                fmt::format("contexts there: {}", names_of(files.contexts)));
  if (cluster_name.empty()) cluster_name = text_of(context->second.value, "cluster");
  if (access.user.empty()) access.user = text_of(context->second.value, "user");
  if (const std::string ns = text_of(context->second.value, "namespace"); !ns.empty()) access.ns = ns;
  return access;
}

/// "there is no NAME in WHERE", or, where the context named it, that.
Error unknown(const std::string& what, const std::string& name, const std::string& flag, const std::string& context,
              const std::string& where, const std::map<std::string, KubeconfigEntry>& there) {
  if (!flag.empty())
    return Error(ErrorKind::usage, fmt::format("there is no {} \"{}\" in {}", what, name, where),
                 fmt::format("{}s there: {}", what, names_of(there)));
  return Error(ErrorKind::usage,
               fmt::format("context \"{}\" names the {} \"{}\", which {} does not have", context, what, name, where),
               what == "user" ? "add that user there, or choose another context"
                              : "name the cluster and its server there, or choose another context");
}

/// The cluster's entry, with the server that was given in the place of its own.
KubeconfigEntry cluster_entry(const KubeconfigFiles& files, const KubeconfigSource& source, const KubeAccess& access,
                              const std::string& name, const std::string& where) {
  const auto found = files.clusters.find(name);
  const bool there = found != files.clusters.end();
  if (!there && (source.flags.server.empty() || !source.flags.cluster.empty()))
    throw unknown("cluster", name, source.flags.cluster, access.context, where, files.clusters);
  KubeconfigEntry entry{there ? YAML::Clone(found->second.value) : YAML::Node(YAML::NodeType::Map),
                        there ? found->second.file : ""};
  if (!source.flags.server.empty()) {
    entry.value["server"] = source.flags.server;
    entry.value.remove("tls-server-name");  // was the other server's; kubectl clears it, too
  }
  if (text_of(entry.value, "server").empty())
    throw Error(ErrorKind::usage,
                access.context.empty() || !source.flags.cluster.empty()
                    ? fmt::format("the cluster \"{}\" has no server in {}", name, where)
                    : fmt::format("context \"{}\" names the cluster \"{}\", which {} gives no server", access.context,
                                  name, where),
                "name the cluster and its server there, or choose another context");
  return entry;
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

KubeAccess choose(const KubeconfigFiles& files, const KubeconfigSource& source, const std::string& where) {
  std::string cluster_name;
  KubeAccess access = choose_context(files, source, where, cluster_name);
  const KubeconfigEntry cluster = cluster_entry(files, source, access, cluster_name, where);
  take_server(
      text_of(cluster.value, "server"),
      source.flags.server.empty() ? fmt::format("the kubeconfig {}: server of a cluster", cluster.file) : "--server",
      access);
  take_cluster(cluster, access);
  if (!access.user.empty()) {
    const auto user = files.users.find(access.user);
    if (user == files.users.end())
      throw unknown("user", access.user, source.flags.user, access.context, where, files.users);
    take_user(user->second, access);
  }
  if (access.exec && access.exec->provide_cluster_info)
    if (const YAML::Node extensions = cluster.value["extensions"]; extensions && extensions.IsSequence())
      for (const auto& extension : extensions)
        if (text_of(extension, "name") == "client.authentication.k8s.io/exec")
          access.exec->cluster_config = json_of(extension["extension"]);
  return access;
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

/// We run in a pod, with a service account.
bool in_cluster(const KubeconfigSource& source) {
  return !variable(source, "KUBERNETES_SERVICE_HOST").empty() && !variable(source, "KUBERNETES_SERVICE_PORT").empty() &&
         std::ifstream(source.service_account + "/token");
}

}  // namespace

KubeAccess load_kube_access(const KubeconfigSource& source) {
  const auto [files, candidates, where] = merge(source);
  const bool named = !source.context.empty() || !source.flags.cluster.empty() || !source.flags.user.empty();
  const bool elsewhere = !source.flags.server.empty() && !in_cluster(source);
  if (!files.empty() || !source.file.empty() || named || elsewhere) {
    KubeAccess access = choose(files, source, where.empty() ? "the kubeconfig" : "the kubeconfig " + where);
    access.kubeconfig = where;
    put_over(source.flags, source.token, access);
    return access;
  }

  const std::string host = variable(source, "KUBERNETES_SERVICE_HOST"),
                    port = variable(source, "KUBERNETES_SERVICE_PORT");
  KubeAccess access;
  access.token_file = source.service_account + "/token";
  if (!in_cluster(source)) {
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
  if (!source.flags.server.empty()) take_server(source.flags.server, "--server", access);
  put_over(source.flags, source.token, access);
  return access;
}

std::vector<std::string> kube_contexts(const KubeconfigSource& source) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : merge(source).files.contexts) names.push_back(name);
  return names;
}

}  // namespace ms2m
