#include "kube/kubeconfig_exec.hpp"

#include <fmt/format.h>

#include "ms2m/error.hpp"

namespace ms2m {

Json json_of(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& pair : node) object[pair.first.as<std::string>()] = json_of(pair.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(json_of(item));
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

}  // namespace ms2m
