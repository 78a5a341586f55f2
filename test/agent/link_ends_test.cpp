// How a session through an agent does not begin, and how it ends.
#include <csignal>

#include "link_lab.hpp"
#include "ms2m/error.hpp"
#include "node/protocol/version.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

std::string why(const std::function<void()>& act) { return error_of(act).what(); }

}  // namespace

TEST_CASE("agent link: what is no node program is told so", "[agent]") {
  LinkLab echo({"sh", "-euc", "echo hello"});
  CHECK_THAT(why([&] { SshNodes(echo.settings()).open("worker-1", {}); }),
             Contains("what the agent on node worker-1 started is no node program"));
  LinkLab dies({"sh", "-euc", "echo there is no hostPID >&2; exit 3"});
  CHECK_THAT(why([&] { SshNodes(dies.settings()).open("worker-1", {}); }),
             Contains("the node program on node worker-1 ended: there is no hostPID"));
  LinkLab older({"sh", "-euc", "echo ms2m-node 1 0123456789abcdef x86_64 0; cat"});
  const Error error = error_of([&] { SshNodes(older.settings()).open("worker-1", {}); });
  CHECK_THAT(error.what(), Contains("the agent on node worker-1 speaks version 1 of the protocol"));
  CHECK(error.kind() == ErrorKind::refused);
  LinkLab none({"/nonexistent/ms2m-node"});
  CHECK_THAT(why([&] { SshNodes(none.settings()).open("worker-1", {}); }),
             Contains("the agent on node worker-1 does not start the node program"));
}

TEST_CASE("agent link: the agent's end is the session's, with its cause", "[agent]") {
  LinkLab lab;
  SshNodes nodes(lab.settings());
  const auto session = nodes.session("worker-1", {});
  CHECK(session->alive());
  lab.agent.end();
  CHECK(comes_true([&] { return !session->alive(); }));
  const Error error = error_of([&] { session->start("{}", "asking"); });
  CHECK(error.kind() == ErrorKind::unavailable);
}

TEST_CASE("agent link: the program's end is the session's", "[agent]") {
  LinkLab lab({"sh", "-euc",
               "echo ms2m-node " + std::to_string(node::kProtocolVersion) +
                   " 0123456789abcdef x86_64 0; echo out of luck >&2; exit 5"});
  const Error error = error_of([&] { SshNodes(lab.settings()).open("worker-1", {}); });
  CHECK_THAT(error.what(), Contains("the node program on node worker-1 ended: out of luck"));
}

TEST_CASE("agent link: an agent that cannot be reached for a moment is no end, for longer it is", "[agent]") {
  std::atomic<bool> down{false};
  LinkLab lab;
  SshNodes nodes(lab.settings([&](const AgentCall&, bool) { return down.load(); }));
  const auto session = nodes.session("worker-1", {});
  down = true;
  std::this_thread::sleep_for(Millis{500});
  down = false;
  std::this_thread::sleep_for(LinkLab::kSilence + Millis{1000});
  CHECK(session->alive());
  down = true;
  CHECK(comes_true([&] { return !session->alive(); }));
}

TEST_CASE("agent link: when a session is given up the program ends", "[agent]") {
  const posix::TempDir dir;
  const std::string mark = (dir.path() / "ended").string();
  LinkLab lab({"sh", "-euc", std::string(MS2M_NODE_PROGRAM_FILE) + "; : >" + mark});
  {
    SshNodes nodes(lab.settings());
    nodes.open("worker-1", {});
    CHECK_FALSE(std::filesystem::exists(mark));
  }
  CHECK(comes_true([&] { return std::filesystem::exists(mark); }));
}
