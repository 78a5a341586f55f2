// Which of options, variables, profile and config.yaml counts, and where that can be seen.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "cli/command_line.hpp"
#include "cli/keys.hpp"
#include "cli/reach.hpp"
#include "cli/template.hpp"
#include "cli/yaml_text.hpp"
#include "samples.hpp"
#include "support/catch.hpp"
#include "temp_dir.hpp"
#include "typed.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

struct Terminal : test::Typed {
  const test::TempDir directory;
  const std::vector<std::string> migrate{"migrate", "pod/consumer-0", "--to", "n"};

  Terminal() {
    variables["XDG_CONFIG_HOME"] = directory.path().string();
    world.outcome = test::shadow_outcome();
    world.plan = test::deployment_plan();
    world.cluster->pods["consumer-0"] = Json::parse(R"({
      "metadata": {"name": "consumer-0", "namespace": "default"},
      "spec": {"containers": [{"name": "app", "env": [
        {"name": "RABBITMQ_URL", "value": "amqp://app@rabbit"}, {"name": "QUEUE_NAME", "value": "q"}]}]}})");
  }
  fs::path file() const { return directory.path() / "ms2m/config.yaml"; }
  void write(const std::string& text) const {
    fs::create_directories(file().parent_path());
    std::ofstream(file()) << text;
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  }
  int run_with(const std::vector<std::string>& more) {
    std::vector<std::string> words = migrate;
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Json shown(const std::string& key) {
    const Json document = Json::parse(out);
    for (const Json& item : document["items"])
      if (item["key"] == key) return item;
    return nullptr;
  }
};

}  // namespace

TEST_CASE("how the cluster is reached comes from options, as kubectl has them") {
  Terminal terminal;
  CHECK(terminal.run_with({"--cluster", "c", "--user", "u", "-s", "https://s", "--token-file", "/t", "--as", "eve",
                           "--as-uid", "7", "--as-group", "a,b", "--as-group", "d", "--request-timeout", "5"}) == 0);
  const auto& kube = terminal.world.kube;
  CHECK(kube.flags == KubeFlags{"c", "u", "https://s", "/t", "eve", "7", {"a,b", "d"}});
  CHECK(kube.request_limit == Millis{5000});
  CHECK(kube.token.empty());
  CHECK(terminal.world.provenance.kube == kube.flags);
  CHECK(terminal.world.request.place.kube == kube.flags);
  CHECK(terminal.run_with({"--request-timeout", "0"}) == 0);
  CHECK(kube.request_limit == Millis{0});
  CHECK(terminal.run_with({"--request-timeout", "soon"}) == 2);
  CHECK_THAT(terminal.err, Contains("--request-timeout") && Contains("'soon'"));
  CHECK(terminal.run({"--as-group", "a", "migrate", "--as-group", "b", "pod/consumer-0", "--to", "n"}) == 0);
  CHECK(kube.flags.as_groups == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a token comes from a file or the environment, never from the command line") {
  Terminal terminal;
  terminal.variables["MS2M_TOKEN"] = "s3cret";
  CHECK(terminal.run_with({}) == 0);
  CHECK(terminal.world.kube.token == "s3cret");
  CHECK(terminal.world.provenance.kube == KubeFlags{});
  CHECK(terminal.run_with({"--token-file", "/t"}) == 0);
  CHECK(terminal.world.kube.token.empty());
  CHECK(terminal.world.kube.flags.token_file == "/t");
  CHECK(terminal.run({"config", "view", "-o", "json"}) == 0);
  CHECK(terminal.shown("token") == Json{{"key", "token"}, {"value", "***"}, {"from", "MS2M_TOKEN"}});
  CHECK_THAT(terminal.out + terminal.err, !Contains("s3cret"));
  CHECK(terminal.run_with({"--token", "pssst"}) == 2);
  CHECK_THAT(terminal.err, Contains("--token-file") && Contains("MS2M_TOKEN") && !Contains("pssst"));
  CHECK_THAT(terminal.err, Catch::Matchers::StartsWith("ms2m: --token: "));
  terminal.variables["MS2M_TOKEN_FILE"] = "/t";
  CHECK(terminal.run_with({}) == 2);
  CHECK_THAT(terminal.err, Contains("both set"));
}

TEST_CASE("options go over variables, those over the profile, that over the file, and that over what is built in") {
  Terminal terminal;
  const auto strategy = [&](const std::vector<std::string>& more) {
    CHECK(terminal.run_with(more) == 0);
    return terminal.world.request.strategy;
  };
  const auto context = [&] { return terminal.world.kube.context; };
  CHECK(strategy({}) == Strategy::shadow);
  CHECK(context().empty());
  terminal.write(
      "strategy: handoff\ncontext: file\ndeadman: 20s\nprofiles: {p: {strategy: sequential, context: pro}}\n");
  CHECK(strategy({}) == Strategy::handoff);
  CHECK(context() == "file");
  CHECK(strategy({"--profile", "p"}) == Strategy::sequential);
  CHECK(context() == "pro");
  CHECK(terminal.world.request.dead_man == Millis{20000});  // of the file, as the profile does not say it
  terminal.variables["MS2M_PROFILE"] = "p";
  CHECK(strategy({}) == Strategy::sequential);
  terminal.variables["MS2M_STRATEGY"] = "shadow";
  terminal.variables["MS2M_CONTEXT"] = "variable";
  CHECK(strategy({}) == Strategy::shadow);
  CHECK(context() == "variable");
  CHECK(strategy({"--strategy", "handoff", "--context", "flag"}) == Strategy::handoff);
  CHECK(context() == "flag");
  terminal.write("profile: p\nprofiles: {p: {strategy: sequential}}\n");
  terminal.variables = {{"XDG_CONFIG_HOME", terminal.directory.path().string()}};
  CHECK(strategy({}) == Strategy::sequential);
}

TEST_CASE("every option has its variable") {
  Terminal terminal;
  std::size_t looked_at = 0;
  std::set<std::string> one_of_three{"as-uid", "as-group"};  // nothing without --as
  for (const cli::OptionRow& row : cli::option_rows()) {
    INFO(row.command << " --" << row.name);
    if (!row.command.empty() && row.command != "migrate") continue;
    const cli::Environment wrong({{cli::variable_of(row.name), row.flag ? "perhaps" : "no such word"}});
    const bool words = row.value == "WORD" || row.value == "DURATION" || row.value == "WHERE" || row.flag;
    const bool layered = cli::find_key(cli::key_of(row.name)) != nullptr;
    const auto line = cli::parse_command_line({"migrate", "p", "--to", "n"}, wrong);
    if (layered) {
      cli::Reach reach = cli::reach_of(wrong);
      CHECK(cli::find_key(cli::key_of(row.name))->field(reach) == "no such word");
    } else if (words && row.name != "to") {
      CHECK(line.status == 2);
      CHECK_THAT(line.wrong, Contains(cli::variable_of(row.name)) && !Contains("--" + row.name));
    } else {
      CHECK(line.status ==
            (row.value == "COUNT" || row.value == "SIZE" || row.value == "RATE" || row.value == "ROUNDS" ? 2 : 0));
    }
    ++looked_at;
  }
  CHECK(looked_at > 60);
}

TEST_CASE("variables of a command's own options, of what it must have, and of flags") {
  Terminal terminal;
  terminal.variables["MS2M_TO"] = "worker-7";
  terminal.variables["MS2M_ALLOW_COMPETING"] = "true";
  CHECK(terminal.run({"migrate", "pod/consumer-0"}) == 0);
  CHECK(terminal.world.request.target_node == "worker-7");
  CHECK(terminal.world.request.allow_competing);
  terminal.variables["MS2M_ALLOW_COMPETING"] = "false";
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to=worker-8"}) == 0);
  CHECK(terminal.world.request.target_node == "worker-8");
  CHECK_FALSE(terminal.world.request.allow_competing);
  CHECK(terminal.run({"list"}) == 0);  // it has no such option
  terminal.variables["MS2M_ALL_NAMESPACES"] = "true";
  CHECK(terminal.run({"list", "-n", "shop"}) == 0);
  CHECK(terminal.run({"list", "-n", "shop", "-A"}) == 2);
  terminal.variables["MS2M_OUTPUT"] = "json";
  CHECK(terminal.run({"node", "program"}) == 2);  // there it is a file
  CHECK(terminal.run({"version"}) == 0);
  CHECK(Json::parse(terminal.out)["kind"] == "version");
  CHECK(terminal.run({"version", "-o", "table"}) == 0);
  CHECK_THAT(terminal.out, Catch::Matchers::StartsWith("ms2m "));
}

TEST_CASE("who names a context takes no server, user or token of another one from the file") {
  Terminal terminal;
  terminal.write("context: c\nserver: https://s\nuser: u\ntoken_file: /t\nas: eve\nas_group: [a, b]\n");
  CHECK(terminal.run_with({}) == 0);
  const auto& flags = terminal.world.kube.flags;
  CHECK(flags == KubeFlags{"", "u", "https://s", "/t", "eve", "", {"a", "b"}});
  CHECK(terminal.run_with({"--context", "other"}) == 0);
  CHECK(flags == KubeFlags{"", "", "", "", "eve", "", {"a", "b"}});
  CHECK(terminal.run_with({"--as", "bob"}) == 0);
  CHECK(flags.as_groups.empty());
  CHECK(flags.server == "https://s");
  for (const char* place : {"--server", "--user", "--cluster"}) {
    CHECK(terminal.run_with({place, "other"}) == 0);
    CHECK(flags.token_file.empty());
  }
  for (const char* place : {"MS2M_SERVER", "MS2M_USER", "MS2M_CLUSTER"}) {
    terminal.variables[place] = "other";
    CHECK(terminal.run_with({}) == 0);
    CHECK(flags.token_file.empty());
    CHECK(terminal.run_with({"--token-file", "/mine"}) == 0);
    CHECK(flags.token_file == "/mine");
    terminal.variables.erase(place);
  }
  CHECK(terminal.run_with({"--kubeconfig", "/k"}) == 0);
  CHECK(terminal.world.kube.context.empty());
  terminal.write(
      "broker: amqp://a@one\nbroker_password: of-one\nqueue: q\ncontext: c\ntoken_file: /t\n"
      "profiles: {p: {broker: 'amqp://a@two', context: d}, r: {broker_password: of-r}}\n");
  CHECK(terminal.run_with({"--profile", "p"}) == 0);
  CHECK(terminal.world.engine.broker.host == "two");
  CHECK(terminal.world.engine.broker.password != "of-one");
  CHECK(flags.token_file.empty());
  CHECK(terminal.world.request.queue == "q");
  CHECK_THAT(terminal.err, Contains("broker two:5672, from profile p of " + terminal.file().string()));
  CHECK(terminal.run_with({"--profile", "r"}) == 0);
  CHECK(terminal.world.engine.broker.password == "of-r");
}

TEST_CASE("KUBECONFIG goes over the file's kubeconfig, and over what belongs to that") {
  Terminal terminal;
  const std::string rest = "context: c\nserver: https://s\nuser: u\ntoken: t\nas: eve\n";
  const auto& kube = terminal.world.kube;
  terminal.write("kubeconfig: /of-file\n" + rest);
  CHECK(terminal.run_with({}) == 0);
  CHECK(kube.kubeconfig == "/of-file");
  CHECK(kube.token == "t");
  CHECK_THAT(terminal.err, !Contains("KUBECONFIG"));
  terminal.variables["KUBECONFIG"] = "/of-variable";
  CHECK(terminal.run_with({}) == 0);
  CHECK(kube.kubeconfig.empty());  // the adapter reads the list
  CHECK(kube.context.empty());
  CHECK(kube.token.empty());
  CHECK(kube.flags == KubeFlags{"", "", "", "", "eve", "", {}});
  CHECK(terminal.world.provenance.kubeconfig == "/of-variable");
  CHECK_THAT(terminal.err, Contains("KUBECONFIG goes over the kubeconfig of " + terminal.file().string()));
  CHECK(terminal.run({"config", "view", "-o", "json"}) == 0);
  CHECK(terminal.shown("kubeconfig") == Json{{"key", "kubeconfig"}, {"value", "/of-variable"}, {"from", "KUBECONFIG"}});
  CHECK(terminal.shown("context")["value"] == nullptr);
  CHECK(terminal.run_with({"--context", "d"}) == 0);
  CHECK(kube.kubeconfig.empty());
  CHECK(kube.context == "d");
  terminal.variables["MS2M_KUBECONFIG"] = "/mine";
  CHECK(terminal.run_with({}) == 0);
  CHECK(kube.kubeconfig == "/mine");
  CHECK_THAT(terminal.err, !Contains("KUBECONFIG"));
  terminal.variables.erase("MS2M_KUBECONFIG");
  terminal.write(rest);  // of whatever kubeconfig is in force
  CHECK(terminal.run_with({}) == 0);
  CHECK(kube.context == "c");
  CHECK(kube.token == "t");
  terminal.write("profiles: {p: {kubeconfig: /of-profile, context: c}}\n");
  CHECK(terminal.run_with({"--profile", "p"}) == 0);
  CHECK(kube.context.empty());
  CHECK_THAT(terminal.err, Contains("of profile p, and nothing"));
}

TEST_CASE("what an abort is told goes over the journal, and the journal over the rest") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.kubeconfig = "/k";
  journal.context = "then";
  journal.kube = {"c", "u", "https://s", "/t", "eve", "", {"a"}};
  terminal.world.journals = {journal};
  terminal.write("context: c\nserver: https://x\nas: mallory\n");
  terminal.variables["MS2M_SERVER"] = "https://y";
  const auto& kube = terminal.world.kube;
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
  CHECK(kube.flags == journal.kube);
  CHECK(kube.context == "then");
  terminal.variables["MS2M_TOKEN"] = "fresh";
  CHECK(terminal.run({"abort", "m7k2q9", "--as", "bob"}) == 0);
  CHECK(kube.token == "fresh");
  CHECK(kube.flags == KubeFlags{"c", "u", "https://s", "", "bob", "", {}});
  CHECK(terminal.run({"abort", "m7k2q9", "--context", "now"}) == 0);
  CHECK(kube.flags == KubeFlags{"", "", "", "", "eve", "", {"a"}});
  CHECK(kube.kubeconfig == "/k");
}

TEST_CASE("abort and resume take from the profile what no journal has") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.context = "c";
  terminal.world.journals = {journal};
  terminal.write("profiles: {p: {context: c, token: of-p, broker: 'amqp://a@two', broker_password: pw}}\n");
  for (const char* command : {"abort", "resume"}) {
    CHECK(terminal.run({command, "m7k2q9"}) == 0);
    CHECK(terminal.world.kube.token.empty());
    CHECK(terminal.world.engine.broker.host == "rabbit");  // the pod's
    CHECK(terminal.run({command, "m7k2q9", "--profile", "p"}) == 0);
    CHECK(terminal.world.kube.token == "of-p");
    CHECK(terminal.world.engine.broker.host == "two");
    CHECK(terminal.world.engine.broker.password == "pw");
  }
}

TEST_CASE("an abort has the token of config.yaml, where that is of the journal's cluster") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.kubeconfig = "/k";
  journal.context = "c";
  journal.kube.server = "https://s";
  terminal.world.journals = {journal};
  const auto token = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"abort", "m7k2q9"};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(terminal.run(words) == 0);
    return terminal.world.kube.token + terminal.world.kube.flags.token_file;
  };
  terminal.write("token: of-file\ncontext: c\nserver: https://s\n");
  CHECK(token({}) == "of-file");
  CHECK(token({"--context", "now"}).empty());
  CHECK(token({"--kubeconfig", "/other"}).empty());
  CHECK(token({"--server", "https://other"}).empty());
  CHECK(token({"--token-file", "/t"}) == "/t");
  terminal.variables["MS2M_TOKEN"] = "of-variable";
  CHECK(token({}) == "of-variable");
  terminal.variables.erase("MS2M_TOKEN");
  for (const char* other : {"server: https://x\n", "server: https://s\ncontext: d\n", "context: c\n",
                            "server: https://s\nkubeconfig: /other\n"}) {
    terminal.write(std::string("token: of-file\n") + other);
    CHECK(token({}).empty());
  }
  terminal.write("token_file: /of-file\nserver: https://s\nkubeconfig: /k\n");
  CHECK(token({}) == "/of-file");
  terminal.world.journals[0].kube.token_file = "/noted";
  CHECK(token({}) == "/noted");
}

TEST_CASE("what was begun with a profile is ended with it, by the commands as they are printed") {
  Terminal terminal;
  terminal.write(
      "broker: 'amqp://a@one'\n"
      "profiles: {p: {context: c, token: of-p, broker: 'amqp://a@two', broker_password: pw}, q: {token: of-q}}\n");
  CHECK(terminal.run_with({"--profile", "p"}) == 0);
  CHECK(terminal.world.provenance.profile == "p");
  CHECK(terminal.run_with({}) == 0);
  CHECK(terminal.world.provenance.profile.empty());

  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.context = "c";
  journal.profile = "p";
  terminal.world.journals = {journal};
  for (const char* command : {"abort", "resume", "cleanup"}) {
    INFO(command);
    terminal.run({command, "m7k2q9"});
    CHECK(terminal.world.kube.token == "of-p");
    CHECK(terminal.world.engine.broker.host == "two");
    CHECK(terminal.world.engine.broker.password == "pw");
    terminal.run({command, "m7k2q9", "--profile", "q"});  // what is named now is what is meant
    CHECK(terminal.world.kube.token == "of-q");
    CHECK(terminal.world.engine.broker.host == "one");
  }
  terminal.write("profiles: {q: {token: of-q}}\nbroker: 'amqp://a@one'\n");
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
  CHECK_THAT(terminal.err, Contains("migration m7k2q9 was begun with a profile that is gone") &&
                               Contains("no profile 'p'") && Contains("--profile"));
  CHECK(terminal.world.engine.broker.host == "one");
}

TEST_CASE("a profile that is not there, and what is wrong in one that is not used") {
  Terminal terminal;
  CHECK(terminal.run_with({"--profile", "p"}) == 2);
  CHECK_THAT(terminal.err, Contains("no profile 'p'") && Contains("ms2m config init"));
  terminal.write("profiles: {prod: {context: a}, test: {context: b}}\n");
  CHECK(terminal.run_with({"--profile", "p"}) == 2);
  CHECK_THAT(terminal.err, Contains("no profile 'p'") && Contains("profiles there: prod, test"));
  terminal.write("profiles:\n  prod: {context: a}\n  test:\n    contxt: b\n");
  CHECK(terminal.run_with({"--profile", "prod"}) == 2);
  CHECK_THAT(terminal.err, Contains(":4: unknown key 'contxt'"));
  terminal.write("profiles:\n  prod: {profile: a}\n");
  CHECK(terminal.run_with({}) == 2);
  terminal.write("profiles: {p: {broker_password: pw}}\n");
  fs::permissions(terminal.file(), fs::perms::group_read, fs::perm_options::add);
  CHECK(terminal.run_with({}) == 0);
  CHECK_THAT(terminal.err, Contains("can be read by others"));
}

TEST_CASE("config view says what is in force and where it comes from, and shows no secret") {
  Terminal terminal;
  terminal.write(
      "broker: amqp://a:pw1@h\nbroker_password: pw2\nstrategy: handoff\nprofiles: {p: {deadman: 20s, queue: q}}\n");
  terminal.variables["MS2M_SSH_HOST"] = "core@{ip}";
  terminal.variables["MS2M_PREFER"] = "total";
  CHECK(terminal.run({"config", "view", "--profile", "p", "--context", "lab", "-o", "json"}) == 0);
  const Json document = Json::parse(terminal.out);
  CHECK(document["kind"] == "config");
  CHECK(document["profile"] == "p");
  CHECK(document["path"] == terminal.file().string());
  const auto row = [](const char* key, const Json& value, const Json& from) {
    return Json{{"key", key}, {"value", value}, {"from", from}};
  };
  CHECK(terminal.shown("context") == row("context", "lab", "--context"));
  CHECK(terminal.shown("ssh_host") == row("ssh_host", "core@{ip}", "MS2M_SSH_HOST"));
  CHECK(terminal.shown("prefer") == row("prefer", "total", "MS2M_PREFER"));
  CHECK(terminal.shown("deadman") == row("deadman", "20s", "profile p"));
  CHECK(terminal.shown("strategy") == row("strategy", "handoff", terminal.file().string()));
  CHECK(terminal.shown("quiet_timeout") == row("quiet_timeout", "10s", "default"));
  CHECK(terminal.shown("broker") == row("broker", "amqp://***@h", terminal.file().string()));
  CHECK(terminal.shown("broker_password") == row("broker_password", "***", terminal.file().string()));
  CHECK(terminal.shown("registry") == row("registry", nullptr, nullptr));
  CHECK(terminal.run({"config", "view"}) == 0);
  CHECK_THAT(terminal.out, Contains("strategy") && Contains("handoff") && !Contains("pw") && !Contains("registry"));
  terminal.variables["MS2M_PREFER"] = "luck";
  CHECK(terminal.run({"config", "view"}) == 2);
  CHECK_THAT(terminal.err, Contains("MS2M_PREFER") && Contains("'luck'"));
}

TEST_CASE("a login in an address is refused, or not shown") {
  Terminal terminal;
  for (const char* server : {"https://eve:pssst@host", "eve:pssst@host:6443", "https://pssst@host/path"}) {
    INFO(server);
    const auto refuses = [&](const std::vector<std::string>& more, const char* who) {
      CHECK(terminal.run_with(more) == 2);
      CHECK_THAT(terminal.err, Contains(who) && Contains("holds no login") && !Contains("pssst"));
      CHECK_THAT(terminal.out, !Contains("pssst"));
    };
    refuses({"--server", server}, "--server: ");
    refuses({"-o", "json", "-s", server}, "--server: ");
    terminal.variables["MS2M_SERVER"] = server;
    refuses({}, "MS2M_SERVER: ");
    terminal.variables.erase("MS2M_SERVER");
    terminal.write(std::string("context: c\nserver: ") + server + "\n");
    refuses({}, "config.yaml:2: 'server': ");
    terminal.write("");
  }
  CHECK(terminal.world.calls.empty());
  terminal.write(
      "broker: 'amqp://eve:pssst@odd@rabbit/'\nbroker_api: 'eve:pssst@rabbit:15672'\n"
      "registry: 'http://eve:pssst@reg:5000/x'\nuser: eve@corp\nssh_host: core@{ip}\n");
  CHECK(terminal.run({"config", "view", "-o", "json"}) == 0);
  CHECK_THAT(terminal.out, !Contains("pssst"));
  CHECK(terminal.shown("broker")["value"] == "amqp://***@rabbit/");
  CHECK(terminal.shown("broker_api")["value"] == "***@rabbit:15672");
  CHECK(terminal.shown("registry")["value"] == "http://***@reg:5000/x");
  CHECK(terminal.shown("user")["value"] == "eve@corp");
  CHECK(terminal.shown("ssh_host")["value"] == "core@{ip}");
}

TEST_CASE("config init writes what can be read, once") {
  Terminal terminal;
  CHECK(terminal.run({"config", "init"}) == 0);
  const std::string text = posix::read_file(terminal.file());
  CHECK((fs::status(terminal.file()).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(terminal.run_with({}) == 0);
  CHECK(terminal.run({"config", "init"}) == 4);
  CHECK_THAT(terminal.err, Contains("is there already"));
  terminal.write(std::regex_replace(text, std::regex("(^|\n)#([^ \n]|  )"), "$1$2"));
  CHECK(cli::read_config(terminal.file()).profile == "prod");
  const std::string uncommented = posix::read_file(terminal.file());
  terminal.write(uncommented.substr(0, uncommented.find("\nprofile: ")));
  const cli::Config config = cli::read_config(terminal.file());
  cli::Reach reach = config;
  for (const cli::Key& key : cli::keys()) {
    INFO(key.name);
    CHECK_FALSE(key.field(reach).empty());
  }
  CHECK(config.settings.size() >= cli::settings().size() - 1);  // "no limit" is none that can be written
}

TEST_CASE("what the help calls a default is one") {
  for (const cli::Setting& setting : cli::settings()) {
    const std::string value = cli::default_of(setting);
    INFO(setting.name << ": " << value);
    if (value == "no limit") continue;
    if (!setting.words.empty()) CHECK(std::count(setting.words.begin(), setting.words.end(), value) == 1);
    MigrationRequest request;
    CHECK_NOTHROW(setting.apply(request, value));
  }
}

TEST_CASE("variables that are there all the time stand in nobody's way") {
  Terminal terminal;
  terminal.variables["MS2M_PROFILE"] = "prod";
  terminal.variables["MS2M_OUTPUT"] = "name";
  for (const char* shell : {"bash", "zsh", "fish"}) CHECK(terminal.run({"completion", shell}) == 0);
  CHECK(terminal.run({"version"}) == 0);
  CHECK_THAT(terminal.out, Catch::Matchers::StartsWith("ms2m "));
  CHECK(terminal.run({"list"}) == 2);  // there is no such profile
  CHECK(terminal.run({"config", "init"}) == 0);
  terminal.write("unknown: key\n");
  CHECK(terminal.run({"version"}) == 0);
  CHECK(terminal.run({"config", "init"}) == 4);
  terminal.write("profiles: {prod: {}}\n");
  JournalSummary journal;
  journal.id = "m1";
  terminal.world.journals = {journal};
  CHECK(terminal.run({"list"}) == 0);
  CHECK(terminal.out == "m1\n");
  CHECK(terminal.run_with({}) == 0);
  CHECK_THAT(terminal.out, !Contains("\"kind\""));
  CHECK(terminal.run({"status", "m1", "--follow"}) != 2);
  CHECK(terminal.run_with({"-o", "name"}) == 2);
  CHECK(terminal.run({"version", "-o", "name"}) == 2);
}

TEST_CASE("an error of the command line is a document, too") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "-o", "json", "--strategy", "magic"}) == 2);
  const Json document = Json::parse(terminal.out);
  CHECK(document["kind"] == "outcome");
  CHECK(document["command"] == "migrate");
  CHECK(document["exit_status"] == 2);
  CHECK(document["result"] == "refused");
  CHECK_THAT(document["error"]["message"].get<std::string>(), Contains("magic"));
  CHECK(document["error"]["remedy"] == "see 'ms2m migrate --help'");
  CHECK_THAT(terminal.err, Contains("magic"));
  CHECK(terminal.run({"migrat", "-o", "yaml"}) == 2);
  CHECK_THAT(terminal.out, Contains("exit_status: 2"));
  CHECK(terminal.run({"migrate"}) == 2);
  CHECK(terminal.out.empty());
  terminal.variables["MS2M_OUTPUT"] = "json";
  CHECK(terminal.run({"node", "setup"}) == 2);
  CHECK(Json::parse(terminal.out)["command"] == "node setup");
}

TEST_CASE("lists as YAML, and as ids alone") {
  Terminal terminal;
  JournalSummary journal;
  journal.id = "m1";
  journal.ns = "shop";
  journal.queue = "true: \"x\"\n";
  terminal.world.journals = {journal, journal};
  terminal.world.journals[1].id = "m2";
  terminal.world.journals[1].ns = "other";
  for (const char* command : {"list", "status"}) {
    CHECK(terminal.run({command, "-o", "name"}) == 0);
    CHECK(terminal.out == "m1\nm2\n");
  }
  CHECK(terminal.run({"list", "-n", "shop", "-o", "name"}) == 0);
  CHECK(terminal.out == "m1\n");
  CHECK(terminal.run({"list", "-o", "yaml"}) == 0);
  CHECK_THAT(terminal.out,
             Contains("kind: \"journals\"\n") && Contains("items:\n  - ") && Contains(R"(queue: "true: \"x\"\n")"));
  CHECK(terminal.run({"status", "-A"}) == 0);
  CHECK(terminal.world.cluster->listed_ns.empty());
  CHECK(terminal.run({"status"}) == 0);
  CHECK(terminal.world.cluster->listed_ns == "default");
  CHECK(terminal.run({"report", "-o", "yaml"}) == 0);
  CHECK_THAT(terminal.out, Contains("kind: \"report\""));
  CHECK(terminal.run({"version", "-o", "name"}) == 2);
  CHECK(terminal.run({"status", "m1", "--follow", "-o", "name"}) == 2);
  CHECK(cli::yaml_text(Json::parse(R"({"a": [], "b": [[1, {"c": null}], "x"], "d": {"e": {}}})")) ==
        "a: []\nb:\n  - - 1\n    - c: null\n  - \"x\"\nd:\n  e: {}\n");
}

TEST_CASE("a template of kubectl's takes of a document what it names") {
  Terminal terminal;
  JournalSummary journal;
  journal.id = "m1";
  terminal.world.journals = {journal, journal};
  terminal.world.journals[1].id = "m2";
  for (const char* command : {"list", "status"}) {
    CHECK(terminal.run({command, "-o", "jsonpath={.items[*].id}"}) == 0);
    CHECK(terminal.out == "m1 m2");
  }
  CHECK(terminal.run({"config", "view", "-o=jsonpath={.kind}"}) == 0);
  CHECK(terminal.out == "config");
  CHECK(terminal.run({"report", "--output", R"(jsonpath={.kind}\n)"}) == 0);
  CHECK(terminal.out == R"(report\n)");
  CHECK(terminal.run({"version", "-o", R"(jsonpath={.kind}{"\n"})"}) == 0);
  CHECK(terminal.out == "version\n");
  CHECK(terminal.run({"status", "m1", "-o", "jsonpath={.items[0].id}"}) == 0);
  CHECK(terminal.out == "m1");
  CHECK(terminal.run({"status", "nope", "-o", "jsonpath={.result}"}) == 4);
  CHECK(terminal.out == "refused");

  // One that does not fit, of what is only read.
  CHECK(terminal.run({"status", "-o", "jsonpath=id {.items[2].id}"}) == 2);
  CHECK(terminal.out.empty());
  CHECK_THAT(terminal.err, Contains("jsonpath, character 12: there is no [2] in a list of 2"));

  terminal.variables["MS2M_OUTPUT"] = "jsonpath={.items[1].id}";
  CHECK(terminal.run({"list"}) == 0);
  CHECK(terminal.out == "m2");
  CHECK(terminal.run({"report", "-o", "name"}) == 0);
  CHECK(terminal.run({"status", "m1", "--follow"}) != 2);
  terminal.variables["MS2M_OUTPUT"] = "jsonpath={.items";
  CHECK(terminal.run({"list"}) == 2);
  CHECK_THAT(terminal.err, Contains("MS2M_OUTPUT: jsonpath, character 1: this brace is not closed"));
}

TEST_CASE("MS2M_OUTPUT counts for the commands that have that form") {
  Terminal terminal;
  for (const char* form : {"csv", "svg", "html"}) {
    terminal.variables["MS2M_OUTPUT"] = form;
    CHECK(terminal.run({"list"}) == 0);
    CHECK(terminal.run({"version"}) == 0);
  }
  terminal.variables["MS2M_OUTPUT"] = "jsonpath={.x";
  CHECK(terminal.run({"completion", "bash"}) == 0);
  CHECK(terminal.run({"version"}) == 2);
  terminal.variables["MS2M_OUTPUT"] = "pdf";
  CHECK(terminal.run({"list"}) == 2);
  CHECK_THAT(terminal.err, Contains("MS2M_OUTPUT: 'pdf' is not one of"));
  CHECK(terminal.run({"list", "-o", "json"}) == 0);
}

TEST_CASE("a wrong template is said before anything is touched") {
  Terminal terminal;
  for (const char* form : {"jsonpath={.id", "jsonpath=", "jsonpath", "jsonpath=.items[*].id", "jsonpathx={.id}"}) {
    CHECK(terminal.run({"migrate", "consumer-0", "--to", "worker-2", "-o", form}) == 2);
    CHECK(terminal.out.empty());
    CHECK_THAT(terminal.err, Contains("jsonpath"));
    CHECK(terminal.run({"report", "-o", form}) == 2);
    CHECK_THAT(terminal.err, Contains("jsonpath"));
  }
  CHECK(terminal.run({"status", "m1", "--follow", "-o", "jsonpath={.id}"}) == 2);
  CHECK_THAT(terminal.err, Contains("--follow tells in a table"));
}

TEST_CASE("a template takes of an error what it names, and what it does not fit there is no error of its own") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "consumer-0", "-o", "jsonpath={.error.message}"}) == 2);
  CHECK_THAT(terminal.out, Contains("--to"));
  terminal.world.cluster->failure = Error(ErrorKind::unavailable, "no route");
  const std::vector<std::string> migrate{"migrate", "consumer-0", "--to", "worker-2", "-o"};
  const auto with = [&](const std::string& form) {
    auto words = migrate;
    words.push_back(form);
    return words;
  };
  CHECK(terminal.run(with("jsonpath={.result}")) == 4);
  CHECK(terminal.out == "refused");
  CHECK(terminal.run(with("jsonpath={.phases[0].phase}")) == 4);
  CHECK(terminal.out.empty());
  CHECK_THAT(terminal.err, Contains("no route") && !Contains("jsonpath"));
  terminal.world.cluster->failure.reset();
  terminal.world.outcome.id = "m1";
  terminal.world.outcome.result = Result::done;
  CHECK(terminal.run(with("jsonpath={.phases[99].phase}")) == 0);
  CHECK_THAT(terminal.err, Contains("there is no [99]") && Contains("ms2m report m1 -o json"));
}

TEST_CASE("a namespace for pods hides nothing of a node, nor of the journals") {
  Terminal terminal;
  JournalSummary journal;
  journal.id = "m1";
  journal.ns = "shop";
  terminal.world.journals = {journal};
  terminal.world.cluster->nodes = {Json{{"metadata", {{"name", "worker-1"}}}}, Json{{"metadata", {{"name", "n"}}}}};
  terminal.world.cluster->nodes[1]["status"]["conditions"] = {{{"type", "Ready"}, {"status", "True"}}};
  terminal.world.cluster->pods.clear();
  terminal.write("namespace: of-file\nagent_namespace: tools\nprofiles: {p: {namespace: of-profile}}\n");
  terminal.variables["MS2M_NAMESPACE"] = "of-variable";
  const std::vector<std::string> drain{"drain", "worker-1", "--dry-run", "--profile", "p"};
  CHECK(terminal.run(drain) == 0);
  CHECK_THAT(terminal.out, Contains("No pod on node worker-1 is one"));
  CHECK(terminal.world.cluster->listed_ns.empty());
  CHECK(terminal.run({"list", "-o", "name"}) == 0);
  CHECK(terminal.out == "m1\n");
  CHECK(terminal.run({"drain", "worker-1", "--dry-run", "-n", "typed"}) == 0);
  CHECK_THAT(terminal.out, Contains("No pod on node worker-1 in namespace typed is one"));
  CHECK(terminal.run({"agent", "manifest", "--image", "x:1"}) == 0);
  CHECK_THAT(terminal.out, Contains("namespace: tools\n") && !Contains("ms2m-system"));
}
