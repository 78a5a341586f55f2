// The commands in a world of fakes: what they ask, print, and exit with.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "samples.hpp"
#include "support/catch.hpp"
#include "temp_dir.hpp"
#include "typed.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

namespace {

struct Terminal : test::Typed {
  Terminal() {
    world.outcome = test::shadow_outcome();
    world.plan = test::deployment_plan();
    world.cluster->pods["consumer-0"] = Json::parse(R"({
      "metadata": {"name": "consumer-0", "namespace": "default"},
      "spec": {"containers": [{"name": "app", "env": [
        {"name": "RABBITMQ_URL", "value": "amqp://app:s3cret@rabbit:5672/"}, {"name": "QUEUE_NAME", "value": "app.events"}]}]}})");
  }
};

}  // namespace

TEST_CASE("migrate finds broker and queue, says where from, and shows no password") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2"}) == 0);
  CHECK(terminal.world.calls == std::vector<std::string>{"migrate"});
  CHECK(terminal.world.request.ns == "default");
  CHECK(terminal.world.request.pod == "consumer-0");
  CHECK(terminal.world.request.target_node == "worker-2");
  CHECK(terminal.world.request.queue == "app.events");
  CHECK(terminal.world.request.strategy == Strategy::shadow);
  CHECK(terminal.world.engine.broker.host == "rabbit");
  CHECK(terminal.world.engine.broker.password == "s3cret");
  CHECK_THAT(terminal.out, Contains("| Checkpointing |"));
  CHECK_THAT(terminal.err, Contains("broker rabbit:5672, from RABBITMQ_URL of container app"));
  CHECK_THAT(terminal.err, Contains("queue app.events, from QUEUE_NAME of container app"));
  CHECK_THAT(terminal.out + terminal.err, !Contains("s3cret"));
}

TEST_CASE("every setting of the command line arrives") {
  Terminal terminal;
  CHECK(terminal.run({"migrate",
                      "consumer-0",
                      "--to",
                      "worker-2",
                      "-n",
                      "shop",
                      "-c",
                      "app",
                      "--strategy",
                      "handoff",
                      "--protocol",
                      "none",
                      "--prefer",
                      "total",
                      "--kubelet",
                      "direct",
                      "--deadman",
                      "20s",
                      "--downtime-limit",
                      "250ms",
                      "--precopy",
                      "2",
                      "--ssh-path",
                      "direct",
                      "--bandwidth",
                      "1.5Mi",
                      "--compress",
                      "zstd",
                      "--relay-window",
                      "7",
                      "--max-held",
                      "8",
                      "--max-held-bytes",
                      "64Mi",
                      "--source-exit",
                      "kill",
                      "--quiet-timeout",
                      "1.5s",
                      "--undo-timeout",
                      "2m",
                      "--freeze-limit",
                      "3s",
                      "--hook",
                      "before-quiet=alarms off && echo a=b",
                      "--hook",
                      "end=alarms on",
                      "--hook-limit",
                      "5s",
                      "--allow-competing",
                      "--allow-other-queues",
                      "--allow-hostpath",
                      "--accept-volume-loss",
                      "--take-over",
                      "--target-name",
                      "copy",
                      "--queue",
                      "q",
                      "--context",
                      "lab",
                      "--kubeconfig",
                      "/k",
                      "--broker-ca",
                      "/ca",
                      "--ssh-config",
                      "/s",
                      "--node-program",
                      "/p",
                      "-q"}) == 0);
  CHECK(terminal.world.engine.ssh.node_program == "/p");
  CHECK(terminal.world.engine.dead_man == Millis(20000));
  const auto& request = terminal.world.request;
  CHECK(request.ns == "shop");
  CHECK(request.container == "app");
  CHECK(request.strategy == Strategy::handoff);
  CHECK(request.protocol == Protocol::none);
  CHECK(request.prefer == Prefer::total);
  CHECK(request.kubelet == KubeletPath::direct);
  CHECK(request.dead_man == Millis(20000));
  CHECK(request.downtime_limit == Millis(250));
  CHECK(request.precopy == 2u);
  CHECK(request.bandwidth == Bytes{1572864});
  CHECK(request.compression == Compression::zstd);
  CHECK(request.carriage == Carriage::direct);
  REQUIRE(request.hooks.size() == 2);
  CHECK(request.hooks[0].at == HookPoint::before_quiet);
  CHECK(request.hooks[0].command == "alarms off && echo a=b");
  CHECK(request.hooks[1].at == HookPoint::end);
  CHECK(request.hook_limit == Seconds(5));
  CHECK(terminal.world.engine.beside.hooks != nullptr);
  CHECK(terminal.world.engine.beside.dials != nullptr);
  CHECK(request.relay_window == 7);
  CHECK(request.max_held == 8);
  CHECK(request.max_held_bytes == Bytes{64 << 20});
  CHECK(request.source_exit == SourceExit::kill);
  CHECK(request.freeze_limit == Millis(3000));
  CHECK(request.timeouts.quiet == Seconds(1.5));
  CHECK(request.timeouts.undo == Seconds(120));
  CHECK((request.allow_competing && request.allow_other_queues && request.allow_hostpath &&
         request.accept_volume_loss && request.take_over_lease));
  CHECK(request.target_name == "copy");
  CHECK(request.queue == "q");
  CHECK(terminal.world.kube.context == "lab");
  CHECK(terminal.world.kube.kubeconfig == "/k");
  CHECK(terminal.world.engine.broker.ca_file == "/ca");
  CHECK(terminal.world.engine.ssh.config == "/s");
  CHECK(terminal.world.provenance.kubeconfig == "/k");
  CHECK(terminal.err.empty());
}

TEST_CASE("without the control protocol the strategy is handoff") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "consumer-0", "--to", "worker-2", "--protocol", "none"}) == 0);
  CHECK(terminal.world.request.strategy == Strategy::handoff);
}

TEST_CASE("where a replay begins in the stream arrives as it was said") {
  for (const std::string from : {"first", "0", "81723", "2026-11-29T18:00:00Z", "state", "checkpoint"}) {
    Terminal terminal;
    CHECK(terminal.run({"migrate", "consumer-0", "--to", "worker-2", "--strategy", "replay", "--from", from}) == 0);
    CHECK(terminal.world.request.strategy == Strategy::replay);
    CHECK(terminal.world.request.from == (from == "state" ? "" : from));
  }
}

TEST_CASE("the source of a stream may be killed when its copy was restored") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "consumer-0", "--to", "worker-2", "--strategy", "replay", "--from", "checkpoint",
                      "--source-exit", "kill"}) == 0);
  CHECK(terminal.world.request.source_exit == SourceExit::kill);
}

TEST_CASE("the command for a stream's offsets arrives as it was said") {
  Terminal terminal;
  const std::string command = "kubectl exec \"$MS2M_POD\" -- cat /run/offset | tail -1";
  CHECK(terminal.run({"migrate", "consumer-0", "--to", "worker-2", "--strategy", "replay", "--from", "first",
                      "--offset-command", command}) == 0);
  CHECK(terminal.world.request.offset_command == command);
}

TEST_CASE("a wrong command line is one sentence and exit status 2, and nothing is asked") {
  const auto streamed = [](const std::vector<std::string>& more) {
    std::vector<std::string> words{"migrate",    "x",       "--to",         "n",      "--pages", "stream",
                                   "--strategy", "handoff", "--checkpoint", "runtime"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"bogus"},
      {"migrate"},
      {"migrate", "consumer-0"},
      {"migrate", "deployment/x", "--to", "n"},
      {"migrate", "Consumer_0", "--to", "n"},
      {"migrate", "x", "--to", "n", "--deadman", "soon"},
      {"migrate", "x", "--to", "n", "--deadman", "4.9s"},
      {"migrate", "x", "--to", "n", "--strategy", "magic"},
      {"migrate", "x", "--to", "n", "--protocol", "none", "--strategy", "shadow"},
      {"migrate", "x", "--to", "n", "--max-held", "-1"},
      {"migrate", "x", "--to", "n", "--max-held-bytes", "999"},
      {"migrate", "x", "--to", "n", "--max-held-bytes", "plenty"},
      {"migrate", "x", "--to", "n", "--source-exit", "hard"},
      {"migrate", "x", "--to", "n", "--protocol", "none", "--source-exit", "graceful"},
      {"migrate", "x", "--to", "n", "--precopy", "many"},
      {"migrate", "x", "--to", "n", "--precopy", "1x"},
      {"migrate", "x", "--to", "n", "--precopy", "9"},
      {"migrate", "x", "--to", "n", "--strategy", "handoff", "--replay", "fanout"},
      {"migrate", "x", "--to", "n", "--pages", "some"},
      {"migrate", "x", "--to", "n", "--pages", "stream", "--checkpoint", "runtime"},
      {"migrate", "x", "--to", "n", "--pages", "stream", "--strategy", "handoff"},
      {"migrate", "x", "--to", "n", "--pages", "lazy", "--strategy", "handoff"},
      {"migrate", "x", "--to", "n", "--pages", "lazy", "--checkpoint", "runtime"},
      streamed({"--protocol", "none"}),
      streamed({"--precopy", "1"}),
      streamed({"--transfer", "registry", "--registry", "registry.example/ms2m"}),
      {"migrate", "x", "--to", "n", "--compress", "gzip"},
      {"migrate", "x", "--to", "n", "--compress", "zstd", "--transfer", "registry", "--registry",
       "registry.example/ms2m"},
      {"migrate", "x", "--to", "n", "--from", "first"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "last"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "-1"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "2026-11-29 18:00"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "2026-02-31T00:00:00Z"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--protocol", "none"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--source-exit", "kill"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "first", "--offset-command", " "},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--offset-command", "echo 7"},
      {"migrate", "x", "--to", "n", "--strategy", "replay", "--from", "state", "--offset-command", "echo 7"},
      {"migrate", "x", "--to", "n", "--offset-command", "echo 7"},
      {"list", "-o", "xml"},
      {"migrate", "x", "--to", "n", "--hook", "later=true"},
      {"migrate", "x", "--to", "n", "--hook", "true"},
      {"migrate", "x", "--to", "n", "--hook", "end= "},
      {"migrate", "x", "--to", "n", "--hook-limit", "0s"},
      {"set", "--bandwidth", "1M"},
      {"set", "m7k2q9"},
      {"set", "m7k2q9", "--bandwidth", "999"},
      {"set", "m7k2q9", "--downtime-limit", "soon"},
      {"abort"}};
  for (const auto& arguments : wrong) {
    Terminal terminal;
    INFO(Json(arguments).dump());
    CHECK(terminal.run(arguments) == 2);
    CHECK(terminal.out.empty());
    CHECK(std::count(terminal.err.begin(), terminal.err.end(), '\n') == 1);
    CHECK(terminal.world.calls.empty());
  }
}

TEST_CASE("what is not there is refused before anything is touched") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "pod/consumer-9", "--to", "worker-2"}) == 4);
  CHECK_THAT(terminal.err, Contains("refused, nothing was touched: there is no pod consumer-9 in namespace default"));
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "-c", "web"}) == 4);
  CHECK_THAT(terminal.err, Contains("pod default/consumer-0 has no container web"));
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "--context", "nowhere"}) == 2);
  CHECK_THAT(terminal.err, Contains("no context nowhere"));
  terminal.world.cluster->failure = Error(ErrorKind::unavailable, "https://fake cannot be reached");
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2"}) == 4);
  CHECK(terminal.world.calls.empty());
}

TEST_CASE("the broker is told who named it, and left to the preflight to connect to") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2"}) == 0);
  CHECK(terminal.world.engine.broker.origin == "RABBITMQ_URL of container app");
  CHECK_FALSE(terminal.world.engine.connect);
}

TEST_CASE("who may not read the secret is told so, and everything else") {
  Terminal terminal;
  Json& pod = terminal.world.cluster->pods["consumer-0"];
  pod["metadata"]["annotations"] = Json{{"ms2m.io/broker-secret", "rabbitmq"}};
  terminal.world.cluster->forbidden = Error(
      ErrorKind::forbidden, R"(secrets "rabbitmq" is forbidden: User "viewer" cannot get resource "secrets")", "");
  for (const char* command : {"check", "plan"}) {
    CHECK(terminal.run({command, "pod/consumer-0", "--to", "worker-2"}) == 4);  // as the plan's findings say
    CHECK(terminal.world.calls.back() == "plan");
    REQUIRE(terminal.world.request.unresolved.size() == 1);
    CHECK_THAT(terminal.world.request.unresolved[0].text,
               Contains("secret rabbitmq") && Contains(R"(cannot get resource "secrets")"));
    CHECK_THAT(terminal.world.request.unresolved[0].cure, Contains("--broker"));
    CHECK(terminal.world.request.queue == "app.events");
  }
  const auto calls = terminal.world.calls.size();
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2"}) == 4);
  CHECK(terminal.world.calls.size() == calls);
  CHECK_THAT(terminal.err, Contains("refused, nothing was touched") && Contains(R"(cannot get resource "secrets")"));
}

TEST_CASE("-o json is one document, also for a refusal") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "-o", "json"}) == 0);
  CHECK(Json::parse(terminal.out)["result"] == "done");
  CHECK(terminal.run({"migrate", "pod/consumer-9", "--to", "worker-2", "-o", "json"}) == 4);
  const Json refusal = Json::parse(terminal.out);
  CHECK(refusal["result"] == "refused");
  CHECK(refusal["exit_status"] == 4);
  CHECK_THAT(refusal["error"]["message"].get<std::string>(), Contains("consumer-9"));
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "-o", "json", "--context", "nowhere"}) == 2);
  CHECK(Json::parse(terminal.out)["exit_status"] == 2);
}

TEST_CASE("what was waited for longest is said on demand") {
  Terminal terminal;
  terminal.world.outcome = test::shadow_outcome();
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2"}) == 0);
  CHECK_THAT(terminal.out, !Contains("Waited for"));
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "-v"}) == 0);
  CHECK_THAT(terminal.out, Contains("Waited for") && Contains("pod start 900ms (the copy to run)"));
}

TEST_CASE("exit statuses of a migration") {
  Terminal terminal;
  const std::vector<std::string> migrate{"migrate", "pod/consumer-0", "--to", "worker-2"};
  terminal.world.outcome = test::undone_outcome();
  CHECK(terminal.run(migrate) == 1);
  CHECK_THAT(terminal.err, Contains("ms2m: failed while Restoring") && Contains("everything was undone"));
  terminal.world.outcome = test::leftover_outcome();
  CHECK(terminal.run(migrate) == 130);
  terminal.world.outcome.interrupted = false;
  CHECK(terminal.run(migrate) == 3);
  terminal.world.outcome = test::shadow_outcome();
  terminal.world.outcome.result = Result::cleanup_incomplete;
  CHECK(terminal.run(migrate) == 5);
  CHECK_THAT(terminal.out, Contains("Total"));
  terminal.world.outcome.hooks = {{HookPoint::end, 1, Seconds(1), "exit status 3: no alarms"}};
  CHECK(terminal.run(migrate) == 5);  // what is left of ms2m's comes first
  CHECK_THAT(terminal.err, Contains("Hook:     end failed: exit status 3: no alarms"));
  terminal.world.outcome.result = Result::done;
  CHECK(terminal.run(migrate) == 6);
  CHECK_THAT(terminal.out, Contains("Total"));
  CHECK_THAT(terminal.err, Contains("migrated, but a hook failed") && Contains("no alarms"));
  std::vector<std::string> as_json = migrate;
  as_json.insert(as_json.end(), {"-o", "json"});
  CHECK(terminal.run(as_json) == 6);
  CHECK(Json::parse(terminal.out)["exit_status"] == 6);
  CHECK(Json::parse(terminal.out)["hooks"][0]["failure"] == "exit status 3: no alarms");
}

TEST_CASE("plan, check and migrate --dry-run change nothing") {
  Terminal terminal;
  CHECK(terminal.run({"plan", "pod/consumer-0", "--to", "worker-2"}) == 4);
  CHECK_THAT(terminal.out, Contains("Nothing was changed"));
  CHECK(terminal.run({"check", "pod/consumer-0", "--to", "worker-2", "-o", "json"}) == 4);
  CHECK(Json::parse(terminal.out)["kind"] == "check");
  terminal.world.plan.findings.pop_back();
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "worker-2", "--dry-run"}) == 0);
  CHECK(terminal.world.calls == std::vector<std::string>(3, "plan"));
  CHECK(terminal.world.request.dry_run);
}

TEST_CASE("abort, resume and cleanup take the journal's cluster") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.state = "running or crashed";
  journal.kubeconfig = "/home/a/lab";
  journal.context = "lab";
  journal.ssh_config = "/home/a/ssh";
  journal.node_program = "/home/a/ms2m-node";
  journal.transfer = "http";
  journal.agent_namespace = "tools";
  journal.agent_address = "straight";
  terminal.world.journals = {journal};
  terminal.world.outcome = test::undone_outcome();
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
  CHECK_THAT(terminal.out, Contains("Migration m7k2q9 is undone"));
  CHECK(terminal.world.kube.kubeconfig == "/home/a/lab");
  CHECK(terminal.world.kube.context == "lab");
  CHECK(terminal.world.engine.ssh.config == "/home/a/ssh");
  CHECK(terminal.world.engine.ssh.node_program == "/home/a/ms2m-node");
  CHECK(terminal.world.engine.ssh.by_agents());
  CHECK(terminal.world.engine.ssh.agent_namespace == "tools");
  CHECK(terminal.world.engine.ssh.agent_address == "straight");
  CHECK(terminal.run({"resume", "m7k2q9"}) == 1);
  CHECK(terminal.run({"abort", "nothing"}) == 4);

  journal.id = "mdone";
  journal.state = "done";
  terminal.world.journals.push_back(journal);
  CHECK(terminal.run({"cleanup", "-o", "json"}) == 0);
  CHECK(Json::parse(terminal.out)["items"].size() == 1);
  CHECK(terminal.world.forgotten == std::vector<std::string>{"mdone"});
  CHECK(terminal.world.calls ==
        std::vector<std::string>{"abort m7k2q9", "resume m7k2q9", "cleanup m7k2q9", "cleanup mdone"});
}

TEST_CASE("what a finished migration has left on nodes is looked at without a broker, too") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.ns = "default";
  journal.state = "done";
  journal.source_pod = "gone";
  journal.target_pod = "copy";
  terminal.world.journals = {journal};
  journal.id = "msecond";
  terminal.world.journals.push_back(journal);
  const std::vector<std::string> both{"cleanup m7k2q9", "cleanup msecond"};
  SECTION("there is none") {
    CHECK(terminal.run({"cleanup"}) == 0);
    CHECK_THAT(terminal.err, Contains("a control queue of pod default/copy") && Contains("was not looked at"));
  }
  SECTION("it does not answer") {
    terminal.variables["MS2M_BROKER"] = "amqp://elsewhere";
    terminal.world.broker_failure = Error(ErrorKind::unavailable, "elsewhere does not answer");
    CHECK(terminal.run({"cleanup"}) == 0);
    CHECK_THAT(terminal.err, Contains("was not looked at: elsewhere does not answer"));
  }
  CHECK(terminal.err.find("was not looked at") == terminal.err.rfind("was not looked at"));
  CHECK(terminal.world.calls == both);
  CHECK(terminal.world.forgotten == std::vector<std::string>{"m7k2q9", "msecond"});
}

TEST_CASE("a damaged journal is named, and the others have their turn") {
  Terminal terminal;
  JournalSummary damaged, journal = test::journal_here();
  damaged.id = "mbroken";
  damaged.state = kUnreadable;
  damaged.error = "the journal /home/a/x is damaged";
  damaged.remedy = "less /home/a/x";
  journal.ns = "default";
  journal.state = "running or crashed";
  journal.source_pod = "consumer-0";
  terminal.world.journals = {damaged, journal};
  terminal.world.outcome = test::undone_outcome();
  CHECK(terminal.run({"list"}) == 0);
  CHECK_THAT(terminal.out, Contains("mbroken           unreadable") && Contains("mbroken: " + damaged.error) &&
                               Contains(damaged.remedy) && Contains("default/consumer-0"));
  CHECK(terminal.run({"list", "-o", "json"}) == 0);
  CHECK(Json::parse(terminal.out)["items"][0]["error"] == damaged.error);
  CHECK(terminal.run({"cleanup"}) == 4);
  CHECK(terminal.world.calls == std::vector<std::string>{"cleanup m7k2q9"});
  CHECK_THAT(terminal.out + terminal.err, Contains(damaged.error) && Contains("Migration m7k2q9 is undone"));
}

TEST_CASE("an abort finds the broker when the source is gone") {
  Terminal terminal;
  terminal.world.cluster->pods["copy"] = terminal.world.cluster->pods["consumer-0"];
  JournalSummary journal = test::journal_here();
  journal.source_pod = "gone";
  journal.target_pod = "copy";
  terminal.world.journals = {journal};
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
  CHECK(terminal.world.engine.broker.host == "rabbit");
  terminal.world.cluster->pods.clear();
  CHECK(terminal.run({"abort", "m7k2q9"}) == 4);
  CHECK_THAT(terminal.err, Contains("give --broker"));
  terminal.variables["MS2M_BROKER"] = "amqp://elsewhere";
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
}

TEST_CASE("an abort finds the broker while a StatefulSet's pod changes hands") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.source_pod = journal.target_pod = "consumer-0";
  journal.pod = terminal.world.cluster->pods["consumer-0"];
  terminal.world.cluster->pods.clear();
  terminal.world.journals = {journal};
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
  CHECK(terminal.world.engine.broker.host == "rabbit");
}

TEST_CASE("the program for nodes is written to a file that can be run") {
  Terminal terminal;
  const posix::TempDir dir;
  const std::string file = (dir.path() / "ms2m-node").string();
  for (int i = 0; i < 2; ++i) {  // the second time over the first one
    CHECK(terminal.run({"node", "program", "--output", file}) == 0);
    CHECK(posix::read_file(file) == "the program");
    CHECK(::access(file.c_str(), X_OK) == 0);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
  CHECK_THAT(terminal.err, Contains("/usr/libexec/ms2m/ms2m-node"));
  CHECK(terminal.run({"node", "program", "--output", "/no/such/directory/x"}) == 4);
  CHECK_THAT(terminal.err, Contains("/no/such/directory/x cannot be written") && Contains("No such file"));
  CHECK(terminal.run({"node", "prog"}) == 2);
  CHECK_THAT(terminal.err, Contains("prog;") && Contains("see 'ms2m node --help'"));
  CHECK(terminal.run({"node", "program"}) == 2);
  CHECK_THAT(terminal.err, Contains("--output") && Contains("see 'ms2m node program --help'"));
  CHECK(terminal.run({"node"}) == 2);
  CHECK(terminal.run({"node", "program", "--help"}) == 0);
  CHECK_THAT(terminal.out, Contains("ms2m node program"));
}

TEST_CASE("the program that was brought to nodes is removed from them, as far as they answer") {
  Terminal terminal;
  CHECK(terminal.run({"node", "forget", "worker-1", "worker-9", "--ssh-host", "core@{node}"}) == 0);
  CHECK_THAT(terminal.err, Contains("the node program was removed from worker-1") &&
                               Contains("no node program was kept on worker-9"));
  CHECK(terminal.world.engine.ssh.host == "core@{node}");
  CHECK(terminal.run({"node", "forget", "dark-1", "dark-2", "worker-1"}) == 4);
  CHECK_THAT(terminal.err, Contains("dark-1 does not answer") && Contains("dark-2 does not answer") &&
                               Contains("removed from worker-1"));
  CHECK(terminal.run({"node", "forget"}) == 2);
}

TEST_CASE("what a plan or a check has brought to nodes is told") {
  Terminal terminal;
  terminal.world.brought_to = {"worker-1", "worker-2"};
  for (const char* command : {"plan", "check"}) {
    INFO(command);
    CHECK(terminal.run({command, "pod/consumer-0", "--to", "n"}) == 4);  // the plan has a refusal
    CHECK_THAT(terminal.out, Contains("the node program is kept on worker-1 and worker-2 now ('ms2m node forget "
                                      "worker-1 worker-2' removes it)"));
    CHECK(terminal.run({command, "pod/consumer-0", "--to", "n", "-o", "json"}) == 4);
    CHECK(Json::parse(terminal.out)["node_program_brought_to"] == Json{"worker-1", "worker-2"});
  }
}

TEST_CASE("the journal gets what leads back to the same cluster, and what it is known by") {
  Terminal terminal;
  terminal.variables["KUBECONFIG"] = "/k/one:/k/two";
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n", "--ssh-config", "/s", "--node-program", "/p"}) == 0);
  const Provenance& told = terminal.world.provenance;
  CHECK(told.kubeconfig == "/k/one:/k/two");
  CHECK(told.context == "here");
  CHECK(told.server == "https://fake");
  CHECK(told.cluster_uid == "uid-1");
  CHECK(told.ssh_config == "/s");
  CHECK(told.node_program == "/p");
  CHECK(terminal.world.request.place.context == "here");
  CHECK_THAT(terminal.err, !Contains("kube-system"));
  terminal.variables = {{"HOME", "/home/a"}};
  terminal.world.cluster->cluster.uid.reset();
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n"}) == 0);
  CHECK(terminal.world.provenance.kubeconfig == "/home/a/.kube/config");
  CHECK(terminal.world.provenance.cluster_uid.empty());
  CHECK_THAT(terminal.err, Contains("you may not read namespace kube-system"));
}

TEST_CASE("another cluster than the journal's is refused, and both are named") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.kubeconfig = "/k/one";
  journal.context = "then";
  terminal.world.journals = {journal};
  auto& cluster = terminal.world.cluster->cluster;
  const std::string verb = GENERATE("abort", "resume", "cleanup");
  const auto refused = [&](const std::vector<std::string>& flags, const std::string& cure) {
    std::vector<std::string> arguments{verb, "m7k2q9"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    CHECK(terminal.run(arguments) == 4);
    CHECK_THAT(terminal.err, Contains("made on cluster https://fake") && Contains("this is " + cluster.server));
    CHECK_THAT(terminal.err, Contains(cure));
    CHECK(terminal.world.calls.empty());
    CHECK(terminal.world.cluster->reads.empty());
  };
  const std::string there = "ms2m " + verb + " m7k2q9 --kubeconfig /k/one --context then";

  cluster = {"https://other", "now", "uid-2"};
  refused({}, "give --kubeconfig and --context of https://fake");
  refused({"--context", "now"}, there);
  cluster = {"https://fake", "now", "uid-2"};  // made anew under the same address
  refused({}, "https://fake");
  cluster = {"https://fake", "now", std::nullopt};
  refused({}, "examples/rbac.yaml");
  cluster = {"https://new", "then", "uid-1"};  // an address alone can be another cluster's: somebody has to say so
  refused({}, "ms2m " + verb + " m7k2q9 --kubeconfig /k/one --context then");
  terminal.world.journals[0].cluster_uid.clear();
  refused({"--context", "now"}, there);

  terminal.world.journals[0].cluster_uid = "uid-1";
  CHECK(terminal.run({verb, "m7k2q9", "--context", "then"}) < 2);
  CHECK(terminal.world.calls == std::vector<std::string>{verb + " m7k2q9"});
}

TEST_CASE("a journal that does not know its cluster needs somebody who does") {
  Terminal terminal;
  JournalSummary journal = test::journal_here();
  journal.server.clear();
  terminal.world.journals = {journal};
  terminal.variables["HOME"] = "/home/a";
  CHECK(terminal.run({"abort", "m7k2q9"}) == 4);
  CHECK_THAT(terminal.err, Contains("does not say on which cluster it was made, and this is https://fake") &&
                               Contains("ms2m abort m7k2q9 --kubeconfig /home/a/.kube/config --context here"));
  CHECK(terminal.world.calls.empty());
  CHECK(terminal.run({"abort", "m7k2q9", "--context", "here"}) == 0);
  terminal.world.journals[0].context = "then";
  CHECK(terminal.run({"abort", "m7k2q9"}) == 0);
}

TEST_CASE("a password on the command line is warned about, one in the environment is used") {
  Terminal terminal;
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n", "--broker", "amqp://a:pw1@h"}) == 0);
  CHECK_THAT(terminal.err, Contains("warning: the password in --broker") && !Contains("pw1"));
  terminal.variables["MS2M_BROKER_PASSWORD"] = "pw2";
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n", "--broker", "amqp://a@h"}) == 0);
  CHECK(terminal.world.engine.broker.password == "pw2");
  CHECK_THAT(terminal.err, !Contains("warning"));
}

TEST_CASE("a stop before anything was touched is exit status 130") {
  Terminal terminal;
  terminal.stop.request_stop();
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n"}) == 130);
  CHECK(terminal.run({"migrate", "pod/consumer-0", "--to", "n", "-o", "json"}) == 130);
  CHECK(Json::parse(terminal.out)["interrupted"] == true);
}

TEST_CASE("list and version") {
  Terminal terminal;
  CHECK(terminal.run({"list"}) == 0);
  CHECK_THAT(terminal.out, Contains("No migration"));
  JournalSummary journal;
  journal.id = "m7k2q9";
  journal.ns = "default";
  journal.source_pod = "consumer-0";
  terminal.world.journals = {journal};
  CHECK(terminal.run({"list"}) == 0);
  CHECK_THAT(terminal.out, Contains("m7k2q9") && Contains("default/consumer-0"));
  CHECK(terminal.run({"list", "-o", "json"}) == 0);
  CHECK(Json::parse(terminal.out)["items"][0]["id"] == "m7k2q9");
  CHECK(terminal.run({"--version"}) == 0);
  CHECK_THAT(terminal.out, Catch::Matchers::StartsWith("ms2m "));
}

TEST_CASE("every command has a help with examples") {
  for (const auto* command :
       {"migrate", "plan", "check", "abort", "resume", "cleanup", "list", "drain", "report", "status", "version"}) {
    Terminal terminal;
    INFO(command);
    CHECK(terminal.run({command, "--help"}) == 0);
    CHECK_THAT(terminal.out, Contains("Examples:") && Contains(std::string("ms2m ") + command));
  }
}

TEST_CASE("config.yaml: settings below the command line, wrong keys with file and line") {
  Terminal terminal;
  const test::TempDir directory;
  terminal.variables["XDG_CONFIG_HOME"] = directory.path().string();
  const auto write = [&directory](const std::string& text) {
    std::filesystem::create_directories(directory.path() / "ms2m");
    const auto file = directory.path() / "ms2m/config.yaml";
    std::ofstream(file) << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
  };
  const std::vector<std::string> migrate{"migrate", "pod/consumer-0", "--to", "n", "--deadman", "30s"};
  const auto file = write(
      "broker: amqp://c@configured\nbroker_password: pw\nstrategy: handoff\ndeadman: 20s\ntimeouts:\n  quiet: 3s\n");
  CHECK(terminal.run(migrate) == 0);
  CHECK(terminal.world.request.strategy == Strategy::handoff);
  CHECK(terminal.world.request.dead_man == Millis(30000));
  CHECK(terminal.world.request.timeouts.quiet == Seconds(3));
  CHECK(terminal.world.engine.broker.host == "configured");
  CHECK(terminal.world.engine.broker.password == "pw");
  CHECK_THAT(terminal.err, !Contains("warning"));

  REQUIRE(terminal.world.limits);
  CHECK(terminal.world.limits->count == JournalLimits().count);

  std::filesystem::permissions(file, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  CHECK(terminal.run(migrate) == 0);
  CHECK_THAT(terminal.err, Contains("can be read by others"));

  write("journals: {days: 7, count: 20}\n");
  CHECK(terminal.run(migrate) == 0);
  CHECK(terminal.world.limits->age == std::chrono::hours(7 * 24));
  CHECK(terminal.world.limits->count == 20);

  for (const auto& [text, line] :
       std::map<std::string, std::string>{{"queue: q\nqueu: r\n", ":2: unknown key 'queu'"},
                                          {"\n\nstrategy: magic\n", ":3: 'magic' is not one of"},
                                          {"timeouts:\n  lunch: 1h\n", ":2: unknown key 'timeouts.lunch'"},
                                          {"journals: {days: 0}\n", ":1: 'days' must be a number from 1 to"},
                                          {"journals: {weeks: 2}\n", ":1: unknown key 'journals.weeks'"},
                                          {"queue: [a]\n", ":1: 'queue' must be a single value"},
                                          {"a: b: c\n", ":1: "}}) {
    write(text);
    CHECK(terminal.run(migrate) == 2);
    CHECK_THAT(terminal.err, Contains(file.string() + line));
  }
}
