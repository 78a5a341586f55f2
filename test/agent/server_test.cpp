// What an agent answers, and what it refuses.
#include <algorithm>

#include "agent_lab.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

std::string error_in(const HttpResponse& answer) { return Json::parse(answer.body).value("error", ""); }

}  // namespace

TEST_CASE("agent: a session takes bytes and gives them", "[agent]") {
  AgentLab lab({"cat"});
  CHECK(lab.open().status == 200);
  CHECK(lab.open().status == 200);  // its answer was lost
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello").body == R"({"taken":5})");
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello").body == R"({"taken":5})");
  const HttpResponse out = lab.ask("GET", kSession + "/out?at=0");
  CHECK(out.status == 200);
  CHECK(out.body == "hello");
  CHECK(out.header("ms2m-agent") == "1");
  CHECK(lab.ask("POST", kSession + "/end").status == 200);
  HttpResponse end = lab.ask("GET", kSession + "/out?at=5");
  while (end.status == 200) end = lab.ask("GET", kSession + "/out?at=5");
  CHECK(end.status == 410);
  CHECK(Json::parse(end.body).at("end") == "exit status 0");
  CHECK(Json::parse(lab.ask("GET", "/v1/agent").body).at("node") == "worker-1");
  // Neither what is carried nor the token comes into the log.
  CHECK_THAT(lab.log(), Contains("session 01234567 of k3x9qa begins"));
  CHECK_THAT(lab.log(), !Contains("hello") && !Contains(lab.keys.token));
}

TEST_CASE("agent: without its token it does nothing", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) { settings.refusals_at_once = 100; });
  CHECK(lab.open().status == 200);
  for (const std::string& token : {std::string(), std::string("x"), lab.keys.token.substr(1), lab.keys.token + "0"}) {
    const auto ask = [&](const std::string& method, const std::string& path, const std::string& body = "") {
      return lab.ask_with({{node::kTokenHeader, token}, {node::kOwnerHeader, "k3x9qa"}}, method, path, body).status;
    };
    CHECK(ask("GET", kSession + "/out?at=0") == 401);
    CHECK(ask("POST", kSession + "/in?at=0", "hello") == 401);
    CHECK(ask("POST", kOtherSession, R"({"silence_ms":3000})") == 401);
    CHECK(ask("GET", "/v1/agent") == 401);
  }
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello").body == R"({"taken":5})");
  CHECK(lab.ask_with({}, "GET", "/healthz").status == 200);
  // What the API server's proxy would have taken away is no token here.
  CHECK(lab.ask_with({{"Authorization", "Bearer " + lab.keys.token}}, "GET", "/v1/agent").status == 401);
}

TEST_CASE("agent: another migration does not reach a session", "[agent]") {
  AgentLab lab({"cat"});
  CHECK(lab.open().status == 200);
  CHECK(lab.ask("POST", kSession, R"({"silence_ms":3000})", "other").status == 404);
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello", "other").status == 404);
  CHECK(lab.ask("GET", kSession + "/out?at=0", "", "other").status == 404);
  CHECK(lab.ask("POST", kSession + "/end", "", "other").status == 404);
  CHECK(lab.ask("GET", kOtherSession + "/out?at=0").status == 404);
  for (const std::string& owner : {std::string(), std::string("a b"), std::string("../x"), std::string(65, 'a')})
    CHECK(lab.ask("POST", kOtherSession, R"({"silence_ms":3000})", owner).status == 400);
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello").status == 200);
}

TEST_CASE("agent: what is too large, too long or no such thing is refused", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) { settings.refusals_at_once = 100; });
  CHECK(lab.open().status == 200);
  CHECK(lab.ask("POST", kSession + "/in?at=0", std::string(node::kAgentBody + 1, 'x')).status == 413);
  for (const char* at : {"", "?at=", "?at=-1", "?at=1x", "?at=99999999999999999999", "?at=0x10"}) {
    CHECK(lab.ask("POST", kSession + "/in" + at, "hello").status == 400);
    CHECK(lab.ask("GET", kSession + "/out" + at).status == 400);
  }
  CHECK(lab.ask("POST", kSession + "/in?at=7", "hello").status == 409);
  CHECK(lab.ask("GET", kSession + "/out?at=7").status == 409);
  for (const char* body :
       {"", "x", "[]", "{}", R"({"silence_ms":1})", R"({"silence_ms":-5})", R"({"silence_ms":"3000"})",
        R"({"silence_ms":99999999})", R"({"silence_ms":18446744073709551615})"})
    CHECK(lab.ask("POST", kOtherSession, body).status == 400);
  CHECK(lab.ask("POST", kSession + "/in?at=0", std::string(node::kAgentBody, 'x')).status == 200);
}

TEST_CASE("agent: refusals have a rate, and whoever has the token does not notice", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) {
    settings.refusals_per_second = 0.01;
    settings.refusals_at_once = 3;
  });
  std::vector<int> statuses;
  for (int i = 0; i < 6; ++i)
    statuses.push_back(lab.ask_with({{node::kTokenHeader, "guess"}}, "GET", "/v1/agent").status);
  CHECK(statuses == std::vector<int>{401, 401, 401, 429, 429, 429});
  CHECK(lab.ask("GET", "/v1/agent").status == 200);
  CHECK(lab.open().status == 200);
  const std::string log = lab.log();
  CHECK(std::count(log.begin(), log.end(), '\n') == 4);  // three refusals, and the session
}

TEST_CASE("agent: there are so many sessions at a time", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) { settings.most_sessions = 1; });
  CHECK(lab.open().status == 200);
  const HttpResponse full = lab.open(kOtherSession);
  CHECK(full.status == 503);
  CHECK(error_in(full) == "there are too many sessions");
  CHECK(lab.open().status == 200);
}

TEST_CASE("agent: a program that cannot be started is told", "[agent]") {
  AgentLab lab({"/nonexistent/ms2m-node"});
  const HttpResponse answer = lab.open();
  CHECK(answer.status == 500);
  CHECK_THAT(error_in(answer), Contains("/nonexistent/ms2m-node"));
}

TEST_CASE("agent: a session that nobody asks for ends, and its program sees the end of its input", "[agent]") {
  const posix::TempDir dir;
  const std::string mark = (dir.path() / "ended").string();
  AgentLab lab({"sh", "-euc", "cat >/dev/null; : >" + mark});
  CHECK(lab.open(kSession, 3000).status == 200);
  CHECK_FALSE(std::filesystem::exists(mark));
  CHECK(comes_true([&] { return std::filesystem::exists(mark); }));
  CHECK(comes_true([&] { return lab.log().find("session 01234567 of k3x9qa is over") != std::string::npos; }));
  CHECK(lab.ask("GET", kSession + "/out?at=0").status == 404);
}

TEST_CASE("agent: its own end is that of its programs' input", "[agent]") {
  const posix::TempDir dir;
  const std::string mark = (dir.path() / "ended").string();
  AgentLab lab({"sh", "-euc", "cat >/dev/null; : >" + mark});
  CHECK(lab.open(kSession, 60000).status == 200);
  const TimePoint begun = Clock::now();
  lab.end();
  CHECK(std::filesystem::exists(mark));
  CHECK(Clock::now() - begun < std::chrono::seconds(60));
}

TEST_CASE("agent: a program that still has to do is not killed with the agent", "[agent]") {
  const posix::TempDir dir;
  const std::string mark = (dir.path() / "done").string(), go = (dir.path() / "go").string();
  AgentLab lab({"sh", "-euc", "cat >/dev/null; until [ -e " + go + " ]; do sleep 0.05; done; : >" + mark},
               [](auto& settings) { settings.farewell = Millis{300}; });
  CHECK(lab.open(kSession, 60000).status == 200);
  lab.end();
  CHECK_THAT(lab.log(), Contains("the program of session 01234567 of k3x9qa still has to do, and runs on"));
  CHECK_FALSE(std::filesystem::exists(mark));
  posix::write_file_atomically(go, "");
  CHECK(comes_true([&] { return std::filesystem::exists(mark); }));
}

TEST_CASE("agent: keys that cannot be used are a usage error", "[agent]") {
  const posix::TempDir dir;
  const auto keys = agent::make_keys("ms2m-agent");
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(dir.path() / name) << text; };
  const auto why = [&]() -> std::string {
    agent::ServerSettings settings;
    settings.keys = dir.path();
    try {
      agent::Server(settings, {}, [](const std::string&) {});
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      return error.what();
    }
    return "";
  };
  CHECK_THAT(why(), Contains("token cannot be read"));
  write("token", "short\n");
  CHECK_THAT(why(), Contains("less than 32 characters"));
  write("token", keys.token);
  CHECK_THAT(why(), Contains("no certificate and its key"));
  write("tls.crt", keys.certificate);
  write("tls.key", agent::make_keys("other").key);
  CHECK_THAT(why(), Contains("no certificate and its key"));
  write("tls.key", keys.key);
  CHECK(why().empty());
}

TEST_CASE("agent: another authority's certificate is not trusted", "[agent]") {
  AgentLab lab({"cat"});
  HttpOptions options = lab.options();
  options.tls.ca.data = agent::make_keys("ms2m-agent").authority;
  try {
    HttpClient(options).request({"GET", lab.url("/healthz"), {}, "", false, false}, StopToken().within(Millis{60000}));
    FAIL("it was trusted");
  } catch (const TransportError& error) {
    CHECK(error.kind() == ErrorKind::forbidden);
  }
}
