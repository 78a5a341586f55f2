#include "cli/global_options.hpp"

#include <CLI/CLI.hpp>

#include <map>

#include "cli/keys.hpp"
#include "cli/reach.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

template <typename Value>
using Words = std::map<std::string, Value>;

/// An option whose value is one of a few words. (CLI11's own transformers put their tables into help and messages.)
template <typename Value>
CLI::Option* add_word(CLI::App& app, const char* names, Value& field, const Words<Value>& words, const char* help) {
  const auto check = [words](std::string& given) -> std::string {
    if (words.count(given) != 0) return {};
    std::string known;
    for (const auto& [word, value] : words) known += (known.empty() ? "" : ", ") + word;
    return "'" + given + "' is not one of " + known;
  };
  std::vector<std::string> known_words;
  for (const auto& [word, value] : words) known_words.push_back(word);
  return app
      .add_option_function<std::string>(
          names, [&field, words](const std::string& given) { field = words.at(given); }, help)
      ->type_name("WORD")
      ->check(CLI::Validator(check, "", words_name(known_words)));
}

/// As kubectl has them.
void add_access_options(CLI::App& app, KubeReach& kube) {
  const std::string access = "Access (as kubectl's)";
  const auto text = [&](const char* names, std::string& field, const char* help, const char* value) {
    return app.add_option(names, field, help)->type_name(value)->group(access);
  };
  text("--cluster", kube.cluster, "entry of the kubeconfig, instead of the context's", "NAME");
  text("--user", kube.user, "entry of the kubeconfig, instead of the context's", "NAME");
  text("-s,--server", kube.server, "the API server, instead of the cluster's", "URL")
      ->check(CLI::Validator([](std::string& given) { return server_objection(given); }, "", ""));
  text("--token-file", kube.token_file, "a bearer token to log in with; or MS2M_TOKEN", "FILE");
  app.add_option_function<std::string>(
         "--token", [](const std::string&) {}, "")
      ->group("")
      ->check(CLI::Validator(
          [](std::string&) {
            return "--token: what stands on a command line every user of this machine can read: put the token into a "
                   "file for "
                   "--token-file, or into MS2M_TOKEN";
          },
          "", "never"));
  text("--as", kube.as, "whom to impersonate", "USER");
  text("--as-uid", kube.as_uid, "the uid to impersonate", "UID");
  app.add_option_function<std::vector<std::string>>(
         "--as-group",
         [&kube](const std::vector<std::string>& groups) {
           for (const auto& group : groups) kube.as_groups += (kube.as_groups.empty() ? "" : "\n") + group;
         },
         "a group to impersonate; can be given several times")
      ->type_name("GROUP")
      ->allow_extra_args(false)
      ->group(access);
  text("--request-timeout", kube.request_timeout, "for one answer of the API server, as 5s; 0: its own limit (60s)",
       "DURATION")
      ->check(CLI::Validator(
          [](std::string& given) -> std::string {
            try {
              KubeReach reach;
              reach.request_timeout = given;
              kube_options(reach);
              return {};
            } catch (const Error& error) {
              return error.message();
            }
          },
          "", ""));
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& globals) {
  const auto text = [&app](const char* names, std::string& field, const char* help, const char* value) {
    return app.add_option(names, field, help)->type_name(value);
  };
  text("--kubeconfig", globals.kube.kubeconfig, "instead of $KUBECONFIG and ~/.kube/config", "FILE");
  text("--context", globals.kube.context, "of the kubeconfig (default: its current one)", "NAME")
      ->check(completed_by(Ask::contexts));
  auto* ns = text("-n,--namespace", globals.kube.ns, "of the pod (default: the context's)", "NAME")
                 ->check(completed_by(Ask::namespaces));
  auto* all = app.add_flag("-A,--all-namespaces", globals.all_namespaces, "list, status, drain: of all namespaces");
  all->excludes(ns);
  text("--profile", globals.profile, "of config.yaml (default: the one that it names)", "NAME");
  add_access_options(app, globals.kube);
  const std::string broker = "Broker (default: MS2M_BROKER, config.yaml, then what the pod says itself)";
  text("--broker", globals.broker.uri, "amqp[s]://USER@HOST:PORT/VHOST; password in MS2M_BROKER_PASSWORD", "URI")
      ->group(broker);
  text("--broker-api", globals.broker.api, "management API (default: port 15672, or 15671 with TLS)", "URL")
      ->group(broker);
  text("--broker-ca", globals.broker.ca, "amqps: certificates to trust", "FILE")->group(broker);
  text("--broker-cert", globals.broker.certificate, "amqps: client certificate", "FILE")->group(broker);
  text("--broker-key", globals.broker.key, "amqps: its key", "FILE")->group(broker);
  text("--queue", globals.broker.queue, "the queue that the pod consumes", "NAME")->group(broker);
  const std::string nodes = "Nodes";
  text("--ssh-config", globals.ssh.config, "configuration for ssh (default: your own)", "FILE")->group(nodes);
  text("--ssh-host", globals.ssh.host, "how a node is called for ssh (default: {node})", "TEMPLATE")->group(nodes);
  text("--node-program", globals.ssh.node_program, "brought to the nodes instead of the one in ms2m", "FILE")
      ->group(nodes);
  add_word<std::string>(
      app, "--transfer", globals.ssh.transfer, {{"ssh", "ssh"}, {"http", "http"}, {"registry", "registry"}},
      "ssh (default); http: everything on nodes by their agents ('ms2m agent'); registry: checkpoints "
      "through one")
      ->group(nodes);
  text("--registry", globals.ssh.registry, "registry: [http://]HOST[:PORT]/REPOSITORY; logins as skopeo has them",
       "NAME")
      ->group(nodes);
  text("--registry-ca", globals.ssh.registry_ca, "registry: certificates to trust (default: the nodes' own)", "FILE")
      ->group(nodes);
  text("--agent-namespace", globals.ssh.agent_namespace, "http: where the agents are (ms2m-system)", "NAME")
      ->check(completed_by(Ask::namespaces))
      ->group(nodes);
  add_word<std::string>(app, "--agent-address", globals.ssh.agent_address,
                        {{"proxy", "proxy"}, {"straight", "straight"}},
                        "http: proxy (default), through the API server; straight, to the pod's address")
      ->group(nodes);
  const std::string output = "Output";
  app.add_option_function<std::string>(
         "-o,--output", [&globals](const std::string& given) { globals.form = form_of(given).value(); },
         "table (default); json, yaml: one document on standard output; jsonpath=TEMPLATE: what kubectl's template "
         "takes "
         "of it; name: of a list, the ids alone")
      ->type_name("WORD")
      ->check(CLI::Validator([](std::string& given) { return form_objection(given, ""); }, "",
                             words_name({"table", "json", "yaml", "name", "jsonpath="})))
      ->group(output);
  add_word(app, "--progress", globals.progress,
           {{"auto", ProgressStyle::automatic},
            {"tty", ProgressStyle::tty},
            {"plain", ProgressStyle::plain},
            {"jsonl", ProgressStyle::jsonl},
            {"none", ProgressStyle::none}},
           "on standard error: auto (default), tty, plain, jsonl or none")
      ->group(output);
  app.add_flag("-q,--quiet", globals.quiet, "no progress, only warnings and the result")->group(output);
  app.add_flag("-v,--verbose", globals.verbose, "every step, with the time since the start")->group(output);
}

}  // namespace ms2m::cli
