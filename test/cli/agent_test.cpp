// `ms2m agent`, and how its options choose the way to the nodes.
#include "samples.hpp"
#include "support/catch.hpp"
#include "temp_dir.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

TEST_CASE("agent serve says where and with which keys") {
  test::Typed typed;
  CHECK(typed.run({"agent", "serve", "--keys", "/k", "--node", "worker-1"}) == 0);
  CHECK(typed.run({"agent", "serve", "--keys", "/k", "--listen", "[::]:9000"}) == 0);
  CHECK(typed.run({"agent", "serve", "--keys", "/k", "--listen", "9001"}) == 0);
  CHECK(typed.world.calls ==
        std::vector<std::string>{"serve 0.0.0.0:8443 /k worker-1", "serve [::]:9000 /k ", "serve 0.0.0.0:9001 /k "});
  CHECK(typed.err == "ms2m agent: serving\n");
  for (const char* wrong : {"x", "host:", "host:x", "host:70000", "host:-1", ""})
    CHECK(typed.run({"agent", "serve", "--keys", "/k", "--listen", wrong}) == 2);
  CHECK(typed.run({"agent", "serve"}) == 2);
  CHECK(typed.run({"agent"}) == 2);
}

TEST_CASE("agent manifest makes no keys for what it refuses") {
  test::Typed typed;
  CHECK(typed.run({"agent", "manifest", "--image", "x:1"}) == 0);
  CHECK_THAT(typed.out, Contains("token: dG9rZW4=\n"));
  CHECK(typed.run({"agent", "manifest", "--image", "x:1", "--agent-namespace", "tools"}) == 0);
  CHECK_THAT(typed.out, Contains("namespace: tools\n"));
  CHECK(typed.run({"agent", "manifest", "--image", "a b"}) == 2);
  CHECK(typed.out.empty());
}

TEST_CASE("the way to the nodes is by flag, by journal, by environment, by configuration") {
  const test::TempDir dir;
  std::filesystem::create_directory(dir.path() / "ms2m");
  std::ofstream(dir.path() / "ms2m/config.yaml") << "transfer: http\nagent_namespace: of-file\n";
  test::Typed typed;
  typed.variables = {{"XDG_CONFIG_HOME", dir.path().string()}};
  CHECK(typed.run({"node", "forget", "worker-1"}) == 0);
  CHECK(typed.world.engine.ssh.by_agents());
  CHECK(typed.world.engine.ssh.agent_namespace == "of-file");
  typed.variables["MS2M_AGENT_NAMESPACE"] = "of-environment";
  typed.variables["MS2M_AGENT_ADDRESS"] = "straight";
  CHECK(typed.run({"node", "forget", "worker-1"}) == 0);
  CHECK(typed.world.engine.ssh.agent_namespace == "of-environment");
  CHECK(typed.world.engine.ssh.agent_address == "straight");
  CHECK(typed.run({"node", "forget", "worker-1", "--transfer", "ssh", "--agent-namespace", "of-flag"}) == 0);
  CHECK_FALSE(typed.world.engine.ssh.by_agents());
  CHECK(typed.world.engine.ssh.agent_namespace == "of-flag");
}

TEST_CASE("a way that there is not is refused") {
  test::Typed typed;
  CHECK(typed.run({"node", "forget", "worker-1", "--transfer", "ftp"}) == 2);
  CHECK(typed.run({"node", "forget", "worker-1", "--agent-address", "round"}) == 2);
  typed.variables = {{"MS2M_TRANSFER", "ftp"}};
  CHECK(typed.run({"node", "forget", "worker-1"}) == 2);
  CHECK_THAT(typed.err, Contains("transfer 'ftp' is not one of ssh, http"));
  CHECK(typed.world.calls.empty());
}
