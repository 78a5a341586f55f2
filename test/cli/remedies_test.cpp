// Every command that ms2m can print works as printed: all of them come from one table (ms2m/remedy.hpp), and here each
// is read by a shell, with names that need quoting, and looked at for what it must have.
#include "ms2m/remedy.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "cli/command_line.hpp"
#include "cli/run.hpp"
#include "fake_backend.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using remedy::Command;

namespace {

namespace fs = std::filesystem;

struct Typed {
  std::string kubeconfig;  ///< in its environment
  std::vector<std::string> argv;
  bool has(const std::string& word) const { return std::find(argv.begin(), argv.end(), word) != argv.end(); }
};

/// What a shell makes of the line: the tools are functions that say how they were called.
std::vector<Typed> type(const std::string& line) {
  std::string script = "say() { printf '%s\\036' \"${KUBECONFIG:-}\" \"$@\"; printf '\\035'; }\nunset KUBECONFIG\n";
  for (const char* tool : {"kubectl", "rabbitmqctl", "ms2m", "less", "rm", "chmod", "systemctl"})
    script += std::string(tool) + "() { say " + tool + " \"$@\"; }\n";
  posix::RunSpec spec;
  spec.process.argv = {"sh", "-euc", script + line + "\n"};
  spec.process.env = {{"KUBECONFIG", ""}};
  const auto result = posix::run_process(spec, StopToken().within(Millis{60000}), "running " + line);
  INFO(line << ": " << result.err);
  CHECK(result.ok());
  CHECK(result.err.empty());
  std::vector<Typed> all;
  std::istringstream commands(result.out);
  for (std::string command; std::getline(commands, command, '\035');) {
    Typed typed;
    std::istringstream words(command);
    std::getline(words, typed.kubeconfig, '\036');
    for (std::string word; std::getline(words, word, '\036');) typed.argv.push_back(word);
    all.push_back(typed);
  }
  return all;
}

/// Words that a shell would make something of; verbs, ids and names that ms2m itself checks are as they must be.
std::vector<std::string> words_for(const remedy::Form& form) {
  switch (form.which) {
    case Command::check:
      return {"consumer-0", "worker-2", "shop"};
    case Command::recover_there:
      return {"abort", "m7k2q9", "/home/a b/config", "it's"};
    default:
      break;
  }
  std::vector<std::string> words;
  for (std::size_t i = 0; i < remedy::gaps(form); ++i) words.push_back(fmt::format("{} '$(id)' \"{{1}}\" && ~;", i));
  return words;
}

bool is_command(const std::vector<std::string>& argv) {
  const auto line = cli::parse_command_line({argv.begin() + 1, argv.end()});
  INFO(line.text);
  CHECK(line.status == 0);
  return static_cast<bool>(line.command.run);
}

/// The literals of a source file, those that stand beside each other as one.
std::vector<std::string> literals_of(const fs::path& file) {
  std::vector<std::string> literals;
  std::ifstream in(file);
  std::string text, line;
  bool goes_on = false;
  while (std::getline(in, line)) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string::npos || line.compare(first, 2, "//") == 0 || line[first] == '#') continue;
    goes_on = goes_on && line[first] == '"';
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (line[at] != '"') {
        if (line[at] != ' ') goes_on = false;
        continue;
      }
      std::string literal;
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\') ++at;
        literal += line[at];
      }
      if (goes_on)
        literals.back() += literal;
      else
        literals.push_back(literal);
      goes_on = true;
    }
  }
  return literals;
}

std::vector<fs::path> sources() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MS2M_SOURCE_DIR) / "src"))
    if (entry.path().extension() == ".cpp") found.push_back(entry.path());
  return found;
}

std::string place_in_src(const fs::path& file) {
  return fs::relative(file, fs::path(MS2M_SOURCE_DIR) / "src").string();
}

}  // namespace

TEST_CASE("every command that is printed can be typed", "[case-21]") {
  const Place place =
      GENERATE(Place{"/home/a b/config", "it's $HOME", "shop && co"}, Place{"/k/one:/k/t wo", "lab", "/"}, Place{},
               Place{"/k", "lab", "/", {"c", "it's me", "https://s:1/x", "/t k", "eve$", "7", {"a b", "d"}}});
  for (const remedy::Form& form : remedy::forms()) {
    const auto words = words_for(form);
    const std::string line = remedy::command(form.which, place, words);
    INFO(line);
    const auto typed = type(line);
    REQUIRE_FALSE(typed.empty());
    CHECK(
        typed.size() ==
        (line.find(" && kubectl") == std::string::npos && line.find(" && KUBECONFIG") == std::string::npos ? 1U : 2U));
    for (const Typed& each : typed) {
      const std::string& tool = each.argv.at(0);
      const bool list = place.kubeconfig.find(':') != std::string::npos;
      const bool placed = tool == "kubectl" || form.which == Command::check;
      CHECK(each.kubeconfig == (list && placed ? place.kubeconfig : ""));
      if (tool == "kubectl") {
        CHECK(each.has("--kubeconfig=" + place.kubeconfig) == (!list && !place.kubeconfig.empty()));
        CHECK(each.has("--context=" + place.context) == !place.context.empty());
        CHECK(each.has("--user=it's me") == !place.kube.user.empty());
        CHECK(each.has("--as-group=a b") == !place.kube.as_groups.empty());
        const bool namespaced = each.has("pod") || each.has("pods") || each.has("lease") || each.has("rollout") ||
                                each.has("wait") || each.has("scaledobject") || each.has("hpa") ||
                                form.which == Command::list_autoscalers;
        CHECK(each.has("--namespace=" + (words.empty() ? "" : words[0])) == namespaced);
      }
      if (tool == "rabbitmqctl") {
        const bool of_a_vhost = each.has("delete_queue") || each.has("list_policies") || each.has("set_permissions");
        CHECK(each.has("--vhost=" + place.vhost) == of_a_vhost);
      }
      if (tool == "ms2m" && form.which != Command::abort_migration && form.which != Command::resume_migration &&
          form.which != Command::clean_up && form.which != Command::show_status)
        CHECK(is_command(each.argv));
    }
    // Each word arrives as it is, at least once.
    for (const std::string& word : words) {
      bool arrived = false;
      for (const Typed& each : typed)
        for (const std::string& argument : each.argv) arrived |= argument.find(word) != std::string::npos;
      CHECK(arrived);
    }
  }
}

TEST_CASE("ms2m's own commands are commands", "[case-21]") {
  for (const Command which :
       {Command::abort_migration, Command::resume_migration, Command::clean_up, Command::show_status}) {
    const auto typed = type(remedy::command(which, {}, {"m7k2q9"}));
    REQUIRE(typed.size() == 1);
    CHECK(is_command(typed[0].argv));
  }
}

TEST_CASE("the examples of --help are commands", "[case-21]") {
  int examples = 0;
  for (const std::string command : {"", "migrate", "plan", "check", "list", "drain", "report", "status", "abort",
                                    "resume", "cleanup", "completion", "version"}) {
    std::vector<std::string> arguments{"--help"};
    if (!command.empty()) arguments.insert(arguments.begin(), command);
    std::istringstream help(cli::parse_command_line(arguments).text);
    for (std::string line; std::getline(help, line);) {
      if (!std::regex_search(line, std::regex(R"(^  ([A-Z_0-9]+=\S* )*ms2m .*(--|-o|m7k2q9|list|status|cleanup))")))
        continue;
      if (line.find(" | ") != std::string::npos) line.resize(line.find(" | "));
      INFO(line);
      const auto typed = type(line);
      REQUIRE(typed.size() == 1);
      CHECK(is_command(typed[0].argv));
      ++examples;
    }
  }
  CHECK(examples >= 12);
}

TEST_CASE("commands for a person are made in one room", "[case-21]") {
  // What runs on a node, what a shell's completion runs, the examples of --help, and what a signal handler may say.
  const std::set<std::string> others{"base/remedy.cpp",
                                     "node/session/push.cpp",
                                     "cli/completion_scripts.cpp",
                                     "cli/completion.cpp",
                                     "cli/command_line.cpp",
                                     "cli/migrate.cpp",
                                     "cli/plan.cpp",
                                     "cli/check.cpp",
                                     "cli/list.cpp",
                                     "cli/abort.cpp",
                                     "cli/resume.cpp",
                                     "cli/cleanup.cpp",
                                     "cli/signals.cpp",
                                     "node/setup/restart.cpp",
                                     "cli/agent.cpp",
                                     "kube/objects/agent_manifest.cpp"};
  const std::regex command(
      R"((^|[^/.\w])(kubectl|rabbitmqctl|rabbitmq-diagnostics|rabbitmqadmin|crictl|systemctl|chmod|ms2m (abort|resume|cleanup|list|check|migrate|plan))( |$))");
  for (const auto& file : sources()) {
    if (others.count(place_in_src(file)) != 0) continue;
    for (const std::string& literal : literals_of(file)) {
      INFO(place_in_src(file) << ": " << literal);
      CHECK_FALSE(std::regex_search(literal, command));
    }
  }
}

TEST_CASE("there is no command that nobody prints", "[case-21]") {
  std::string all;
  for (const auto& file : sources()) {
    if (place_in_src(file) == "base/remedy.cpp") continue;
    std::ifstream in(file);
    all.append(std::istreambuf_iterator<char>(in), {});
  }
  std::ifstream header(fs::path(MS2M_SOURCE_DIR) / "include/ms2m/remedy.hpp");
  std::string text(std::istreambuf_iterator<char>(header), {});
  text = text.substr(text.find("enum class Command {"));
  text = text.substr(0, text.find("};"));
  const std::regex name(R"(\n  (\w+),)");
  std::size_t names = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), name); at != std::sregex_iterator(); ++at, ++names) {
    INFO((*at)[1]);
    CHECK(all.find("Command::" + (*at)[1].str()) != std::string::npos);
  }
  CHECK(names == remedy::forms().size());
}

TEST_CASE("every option that a text names exists", "[case-21]") {
  std::set<std::string> options;
  for (const char* command :
       {"migrate", "plan", "check", "list", "drain", "report", "status", "abort", "resume", "cleanup"})
    for (const auto& candidate : cli::candidates_of({command, "--"}).words) options.insert(candidate.word);
  for (const auto& candidate : cli::candidates_of({"node", "setup", "--"}).words) options.insert(candidate.word);
  for (const char* command : {"manifest", "serve", "setup"})
    for (const auto& candidate : cli::candidates_of({"agent", command, "--"}).words) options.insert(candidate.word);
  CHECK(options.count("--ssh-host") == 1);
  const std::regex name(R"((^|[ (`])(--[a-z][a-z-]+))");
  // Of the tools that ms2m itself calls, and what argv in its sources is for.
  const std::set<std::string> others{
      "base/remedy.cpp",          "node/program/look.cpp",          "node/program/tools.cpp",
      "node/runtime/crio.cpp",    "node/runtime/crio_kind.cpp",     "node/handler/command_line.cpp",
      "node/handler/create.cpp",  "node/handler/page_daemon.cpp",   "cli/completion_scripts.cpp",
      "node/program/dumps.cpp",   "node/program/monitors.cpp",      "node/program/network_lock.cpp",
      "node/protocol/version.hpp"};
  const std::set<std::string> of_others{"--tcp-established", "--kubelet-client-certificate", "--version",
                                        "--token"};  // the last one is refused
  for (const auto& file : sources()) {
    if (others.count(place_in_src(file)) != 0) continue;
    for (const std::string& literal : literals_of(file))
      for (std::sregex_iterator at(literal.begin(), literal.end(), name); at != std::sregex_iterator(); ++at) {
        INFO(place_in_src(file) << ": " << literal);
        CHECK((options.count((*at)[2]) == 1 || of_others.count((*at)[2]) == 1));
      }
  }
}

TEST_CASE("a command with another number of words is a mistake of the program", "[case-21]") {
  CHECK_THROWS_AS(remedy::command(Command::delete_pod, {}, {"only one"}), Error);
  CHECK(remedy::shell_word("") == "''");
  CHECK(remedy::shell_word("a=b") == "a=b");
  CHECK(remedy::shell_word("=b") == "'=b'");
  CHECK(remedy::shell_word("~") == "'~'");
}
