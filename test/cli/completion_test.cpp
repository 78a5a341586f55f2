// What the shells are offered, from the command tree and from a world of fakes.
#include <sstream>

#include "cli/run.hpp"
#include "fake_backend.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

namespace {

struct Shell {
  test::World world;
  Shell() {
    world.cluster->pods["consumer-0"] =
        Json::parse(R"({"metadata": {"name": "consumer-0"}, "spec": {"nodeName": "worker-1"}})");
    world.cluster->nodes = {Json::parse(R"({"metadata": {"name": "worker-1"}})"),
                            Json::parse(R"({"metadata": {"name": "worker-2"}})")};
    JournalSummary journal;
    journal.id = "m7k2q9";
    journal.source_pod = "consumer-0";
    world.journals = {journal};
  }

  std::string at(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--"});
    std::ostringstream out, err;
    test::FakeBackend backend(world);
    CHECK(cli::run(words, cli::Environment(), {out, err}, backend, {}) == 0);
    CHECK(err.str().empty());
    return out.str();
  }
};

}  // namespace

TEST_CASE("completion: commands, options and their words come from the tree") {
  Shell shell;
  CHECK_THAT(shell.at({""}), Contains("migrate\t") && Contains("completion\t") && Contains("version\t"));
  CHECK(shell.at({"res"}).starts_with("resume\t"));
  CHECK_THAT(shell.at({"migrate", "--str"}), Contains("--strategy\t"));
  CHECK_THAT(shell.at({"migrate", "--"}), Contains("--kubeconfig\t") && Contains("--take-over\t"));
  CHECK_THAT(shell.at({"migrate", "--take-over", "--"}), !Contains("--take-over\t"));
  CHECK_THAT(shell.at({"list", "--"}), !Contains("--strategy\t"));
  CHECK(shell.at({"migrate", "--strategy", ""}) == "shadow\nhandoff\nsequential\nreplay\n:4\n");
  CHECK(shell.at({"migrate", "--strategy=ha"}) == "--strategy=handoff\n:4\n");
  CHECK(shell.at({"-o", "j"}) == "json\njsonpath=\n:4\n");
  CHECK(shell.at({"completion", ""}) == "bash\nzsh\nfish\n:4\n");
  CHECK(shell.at({"--kubeconfig", "/e"}) == ":0\n");
  CHECK(shell.at({"no-command", ""}) == ":4\n");
  CHECK(shell.at({"nod"}).starts_with("node\t"));
  CHECK(shell.at({"node", ""}).starts_with("program\t"));
  CHECK_THAT(shell.at({"node", "program", "--out"}), Contains("--output\t"));
  CHECK(shell.at({"node", "program", "--output", ""}) == ":0\n");
  CHECK(shell.at({"node", "other", ""}) == ":4\n");
  CHECK(shell.at({"node", "forget", "w"}) == "worker-1\nworker-2\n:4\n");
  CHECK(shell.at({"node", "forget", "worker-2", "worker-1", "w"}) == "worker-1\nworker-2\n:4\n");
  CHECK(shell.at({"abort", "m7k2q9", "m"}) == ":4\n");
}

TEST_CASE("completion: names are asked for, in the namespace and context that the line has so far") {
  Shell shell;
  CHECK(shell.at({"check", ""}) == "pod/consumer-0\tworker-1\n:4\n");
  CHECK(shell.at({"-n", "shop", "--context=prod", "migrate", "con"}) == "consumer-0\tworker-1\n:4\n");
  CHECK(shell.world.cluster->listed_ns == "shop");
  CHECK(shell.world.kube.context == "prod");
  CHECK(shell.at({"migrate", "po/c"}) == "po/consumer-0\tworker-1\n:4\n");
  CHECK(shell.at({"migrate", "consumer-0", "--to", ""}) == "worker-1\nworker-2\n:4\n");
  CHECK(shell.at({"migrate", "consumer-0", "--to=worker-2"}) == "--to=worker-2\n:4\n");
  CHECK(shell.at({"list", "--namespace", "s"}) == "shop\n:4\n");
  CHECK(shell.at({"--context", ""}) == "lab\nprod:eu\n:4\n");
  CHECK(shell.at({"abort", "m"}).starts_with("m7k2q9\t"));
}

TEST_CASE("completion: a cluster that cannot be asked offers nothing and is no error") {
  Shell shell;
  shell.world.cluster->failure = Error(ErrorKind::unavailable, "no route");
  CHECK(shell.at({"check", ""}) == ":4\n");
  CHECK(shell.at({"--context", "nowhere", "check", ""}) == ":4\n");
}
