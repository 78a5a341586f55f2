#include "cli/keys.hpp"

#include <algorithm>
#include <cctype>

namespace ms2m::cli {

namespace {

template <auto kPart, auto kField>
std::string& field(Reach& reach) {
  return (reach.*kPart).*kField;
}

template <auto kField>
Key of_kube(const char* name) {
  return {name, field<&Reach::kube, kField>};
}
template <auto kField>
Key of_broker(const char* name) {
  return {name, field<&Reach::broker, kField>};
}
template <auto kField>
Key of_ssh(const char* name) {
  return {name, field<&Reach::ssh, kField>};
}

Key secret(Key key) {
  key.secret = true;
  return key;
}

Key address(Key key) {
  key.address = true;
  return key;
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all{
      of_kube<&KubeReach::kubeconfig>("kubeconfig"),
      of_kube<&KubeReach::context>("context"),
      of_kube<&KubeReach::ns>("namespace"),
      of_kube<&KubeReach::cluster>("cluster"),
      of_kube<&KubeReach::user>("user"),
      address(of_kube<&KubeReach::server>("server")),
      secret(of_kube<&KubeReach::token>("token")),
      of_kube<&KubeReach::token_file>("token_file"),
      of_kube<&KubeReach::as>("as"),
      of_kube<&KubeReach::as_uid>("as_uid"),
      of_kube<&KubeReach::as_groups>("as_group"),
      of_kube<&KubeReach::request_timeout>("request_timeout"),
      address(of_broker<&BrokerOptions::uri>("broker")),
      address(of_broker<&BrokerOptions::api>("broker_api")),
      of_broker<&BrokerOptions::ca>("broker_ca"),
      of_broker<&BrokerOptions::certificate>("broker_cert"),
      of_broker<&BrokerOptions::key>("broker_key"),
      secret(of_broker<&BrokerOptions::password>("broker_password")),
      of_broker<&BrokerOptions::queue>("queue"),
      of_ssh<&SshOptions::config>("ssh_config"),
      of_ssh<&SshOptions::host>("ssh_host"),
      of_ssh<&SshOptions::node_program>("node_program"),
      of_ssh<&SshOptions::transfer>("transfer"),
      of_ssh<&SshOptions::agent_namespace>("agent_namespace"),
      of_ssh<&SshOptions::agent_address>("agent_address"),
      address(of_ssh<&SshOptions::registry>("registry")),
      of_ssh<&SshOptions::registry_ca>("registry_ca"),
  };
  return all;
}

const Key* find_key(const std::string& name) {
  const auto found = std::find_if(keys().begin(), keys().end(), [&name](const Key& key) { return name == key.name; });
  return found == keys().end() ? nullptr : &*found;
}

std::string server_objection(const std::string& url) {
  return url.find('@') == std::string::npos ? ""
                                            : "the address of an API server holds no login: log in with --token-file, "
                                              "MS2M_TOKEN or a user of the kubeconfig";
}

std::string variable_of(const std::string& name) {
  std::string text = "MS2M_";
  for (const char c : name) text += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string option_of(const std::string& key) { return replaced(key, '_', '-'); }

std::string key_of(const std::string& option) { return replaced(option, '-', '_'); }

}  // namespace ms2m::cli
