// What the command line says, before the configuration file and the pod have been asked. An empty string: not given.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/json_path.hpp"
#include "cli/settings.hpp"
#include "ms2m/hook.hpp"
#include "ms2m/place.hpp"

namespace ms2m::cli {

enum class Output { table, json, yaml, name, jsonpath };
enum class ProgressStyle { automatic, tty, plain, jsonl, none };

struct BrokerOptions {
  std::string uri;
  std::string api;
  std::string ca, certificate, key;
  std::string queue;
  std::string password;  ///< never from the command line
};

/// How nodes are reached.
struct SshOptions {
  std::string config;
  std::string host;          ///< template: "{node}" stands for the node's name, "{ip}" for its address
  std::string node_program;  ///< file; empty: the program for nodes that is in ms2m
  /// "ssh"; "http": by the agents on the nodes; "registry": by ssh, and checkpoints through a registry; empty: ssh
  std::string transfer;
  std::string agent_namespace;
  std::string agent_address;  ///< "proxy", "straight"; empty: proxy
  std::string registry;       ///< "[http://]HOST[:PORT]/REPOSITORY"
  std::string registry_ca;    ///< file; empty: whom the nodes trust
  bool by_agents() const { return transfer == "http"; }
  bool through_registry() const { return transfer == "registry"; }
};

/// How the cluster is reached, and as whom.
struct KubeReach {
  std::string kubeconfig, context, ns;
  std::string cluster, user, server;
  std::string token;  ///< never from the command line
  std::string token_file;
  std::string as, as_uid;
  std::string as_groups;  ///< one a line
  std::string request_timeout;
};

/// What is said of cluster, broker and nodes by options, by variables or in config.yaml.
struct Reach {
  KubeReach kube;
  BrokerOptions broker;
  SshOptions ssh;
};

/// What an answer looks like.
struct Form {
  Output output = Output::table;
  std::shared_ptr<const JsonPath> path;  ///< of Output::jsonpath
};
/// "csv" of "=csv", as kubectl's -o=csv comes.
std::string bare_form(const std::string& given);
/// Of a word as --output takes it: "json", "jsonpath={.id}", and "=json" of kubectl's -o=json. nullopt: there is no
/// such form. Error{usage}: it is a template, and a wrong one.
std::optional<Form> form_of(const std::string& given);
/// What is wrong with such a word; "": nothing. `more`: words, each behind ", ", that are known, too.
std::string form_objection(const std::string& word, const std::string& more);

struct GlobalOptions : Reach {
  std::string profile;
  bool all_namespaces = false;
  Form form;
  ProgressStyle progress = ProgressStyle::automatic;
  bool quiet = false;
  bool verbose = false;
};

struct MigrateOptions {
  std::string pod;  ///< "pod/NAME" or NAME
  std::string target_node;
  std::string container;
  std::string target_name;
  SettingValues settings;
  std::vector<std::string> hooks;  ///< "PHASE=COMMAND"
  bool allow_competing = false;
  bool allow_other_queues = false;
  bool allow_hostpath = false;
  bool accept_volume_loss = false;
  bool take_over = false;
  bool dry_run = false;
};

/// Error{usage}: no such phase, or no command.
Hook parse_hook(const std::string& argument);

/// "consumer-0" of "pod/consumer-0", "pods/consumer-0", "po/consumer-0" or "consumer-0". Error{usage} otherwise.
std::string pod_name(const std::string& argument);

}  // namespace ms2m::cli
