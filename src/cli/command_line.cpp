#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include "cli/version_text.hpp"

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

void add_global_options(CLI::App& app, GlobalOptions& globals) {
  const auto text = [&app](const char* names, std::string& field, const char* help, const char* value) {
    return app.add_option(names, field, help)->type_name(value);
  };
  text("--kubeconfig", globals.kubeconfig, "instead of $KUBECONFIG and ~/.kube/config", "FILE");
  text("--context", globals.context, "of the kubeconfig (default: its current one)", "NAME")
      ->check(completed_by(Ask::contexts));
  text("-n,--namespace", globals.ns, "of the pod (default: the context's)", "NAME")
      ->check(completed_by(Ask::namespaces));
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
  add_word(app, "-o,--output", globals.output, {{"table", Output::table}, {"json", Output::json}},
           "table (default) or json: one document on standard output")
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

void declare(CLI::App& app, CommandLine& line) {
  app.require_subcommand(0, 1);  // none is our own message
  app.fallthrough();
  app.get_formatter()->column_width(32);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.set_help_flag("-h,--help", "this text")->group("Options");
  app.set_version_flag("--version", version_text(), "print the version");
  add_global_options(app, line.globals);
  add_migrate(app, line.command);
  add_drain(app, line.command);
  add_plan(app, line.command);
  add_check(app, line.command);
  add_list(app, line.command);
  add_status(app, line.command);
  add_report(app, line.command);
  add_resume(app, line.command);
  add_abort(app, line.command);
  add_cleanup(app, line.command);
  add_node(app, line.command);
  add_agent(app, line.command);
  add_version(app, line.command);
  add_completion(app, line.command);
  app.footer(
      "Examples:\n"
      "  ms2m check pod/consumer-0 --to worker-2\n"
      "  ms2m migrate pod/consumer-0 --to worker-2\n"
      "  MS2M_BROKER=amqp://admin@broker:5672/ MS2M_BROKER_PASSWORD=... ms2m migrate pod/consumer-0 --to worker-2\n\n"
      "Exit status: 0 done, 1 failed and undone, 2 wrong command line or configuration, 3 failed and something is "
      "left,\n"
      "4 refused before anything was touched, 5 migrated but clean-up incomplete, 130 interrupted.\n"
      "Everything: 'man ms2m', 'man ms2m-protocol'.");
}

/// The innermost command on the command line, and what stands before it; null: none.
struct ChosenCommand {
  const CLI::App* app = nullptr;
  std::string before;
};
ChosenCommand chosen_command(const CLI::App& app) {
  ChosenCommand chosen;
  for (auto next = app.get_subcommands(); !next.empty(); next = next.front()->get_subcommands())
    chosen = {next.front(), chosen.app == nullptr ? "ms2m" : chosen.before + " " + chosen.app->get_name()};
  return chosen;
}

/// CLI11 leaves two blank lines between groups.
std::string help_of(const CLI::App& app) {
  const auto chosen = chosen_command(app);
  std::string text = chosen.app == nullptr ? app.help() : chosen.app->help(chosen.before);
  for (auto gap = text.find("\n\n\n"); gap != std::string::npos; gap = text.find("\n\n\n")) text.erase(gap, 1);
  return text;
}

/// CLI11's messages in one line, and where to read on.
std::string one_sentence(const CLI::App& app, const CLI::ParseError& error) {
  std::string message = error.what();
  std::replace(message.begin(), message.end(), '\n', ' ');
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  const auto chosen = chosen_command(app);
  const std::string command = chosen.app == nullptr ? "ms2m" : chosen.before + " " + chosen.app->get_name();
  return "ms2m: " + message + "; see '" + command + " --help'\n";
}

}  // namespace

Candidates candidates_of(const std::vector<std::string>& words) {
  CommandLine line;
  CLI::App app("", "ms2m");
  declare(app, line);
  return candidates(app, words);
}

CommandLine parse_command_line(std::vector<std::string> arguments) {
  CommandLine line;
  CLI::App app("Moves a running, message-consuming pod to another node while its queue goes on filling.", "ms2m");
  declare(app, line);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(arguments);
    // Last: CLI11's own check of it would hide the word that was mistyped.
    const auto chosen = chosen_command(app);
    const CLI::App& last = chosen.app == nullptr ? app : *chosen.app;
    if (!last.get_subcommands({}).empty() && last.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::CallForHelp&) {
    line.text = help_of(app);
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.text = std::string(version.what()) + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    line.status = 2;
    line.text = one_sentence(app, error);
    return line;
  }
  return line;
}

}  // namespace ms2m::cli
