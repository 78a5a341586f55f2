// Who counts as silent while nobody works on the queue, and who does not.
#include "engine/lookout.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "support/catch.hpp"
#include "support/fake_cluster.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

constexpr Millis kPatience{1000};
constexpr int kLong = 10;  ///< questions: twice the patience
constexpr std::chrono::seconds kLimit{60};

/// How each question is answered, by one who may change.
struct Answers {
  enum How { at_once, late, silent, refused, every_third, not_asked, broken };
  std::atomic<How> how{at_once};
  std::atomic<int> asked{0};

  std::optional<bool> next(const StopToken& stop) {
    const int number = asked++;
    switch (how.load()) {
      case at_once:
        break;
      case late:
        stop.sleep(kPatience / 2, "answering late");
        break;
      case every_third:
        if (number % 3 == 0) break;
        [[fallthrough]];
      case silent:
        for (;;) stop.sleep(std::chrono::hours(1), "saying nothing");
      case refused:
        return false;
      case not_asked:
        return std::nullopt;
      case broken:
        throw Error(ErrorKind::usage, "no such file");
    }
    return true;
  }
};

struct Sim {
  struct Asked final : FakeCluster {
    Asked(FakeNodes& nodes, Sim& sim) : FakeCluster(nodes), sim_(sim) {}
    std::optional<bool> answers(const StopToken& stop) override { return sim_.api_server.next(stop); }
    std::optional<bool> kubelet_answers(const std::string& node, const StopToken& stop) override {
      return (node == "worker-1" ? sim_.source : sim_.target).next(stop);
    }
    Sim& sim_;
  };

  void begin(const Lookout::Kubelets& kubelets = {"worker-1", "worker-2"}) {
    lookout.emplace(cluster, line, kubelets, kPatience, stop.token(),
                    [this] { return BootClock::now() + Millis{away.load()}; });
  }
  /// Until so many more were asked, or it was over before: then false.
  bool lives_on(const Answers& who, int questions = kLong) {
    const int end = who.asked + questions;
    const TimePoint limit = Clock::now() + kLimit;
    while (who.asked < end && !lookout->silence()) {
      REQUIRE(Clock::now() < limit);
      std::this_thread::sleep_for(Millis{5});
    }
    CHECK(lookout->silence().has_value() == lookout->token().stop_requested());
    return !lookout->silence();
  }
  void ends(const std::string& who) {
    CHECK_THROWS_AS(lookout->token().sleep(kLimit, "waiting for the end"), Cancelled);
    REQUIRE(lookout->silence());
    CHECK(lookout->silence()->kind() == ErrorKind::unavailable);
    CHECK_THAT(lookout->silence()->what(), Contains(who + " has not answered for "));
    CHECK_FALSE(stop.stop_requested());
  }

  FakeServer server;
  FakeNodes nodes{server};
  Asked cluster{nodes, *this};
  Answers api_server, source, target;
  std::atomic<int> away{0};  ///< ms that the machine was suspended
  MainLine line;
  MainLine::Run run{line, Clock::now()};
  StopSource stop;
  std::optional<Lookout> lookout;
};

}  // namespace

TEST_CASE("who is waited for and says nothing ends it") {
  Sim sim;
  const auto how = GENERATE(Answers::silent, Answers::refused);
  SECTION("the API server") {
    sim.api_server.how = how;
    const MainLine::Call call(sim.line, WaitFor::api_server, "get");
    sim.begin();
    sim.ends("the API server");
  }
  SECTION("the kubelet that makes the checkpoint, on another thread") {
    sim.begin();
    REQUIRE(sim.lives_on(sim.source, 2));
    sim.source.how = how;
    std::thread([&] {
      const MainLine::Call call(sim.line, WaitFor::kubelet, "checkpoint");
      sim.ends("the kubelet of worker-1");
    }).join();
  }
  SECTION("the kubelet that starts the copy") {
    sim.begin();
    REQUIRE(sim.lives_on(sim.target, 2));
    sim.target.how = how;
    sim.line.waits_for({WaitFor::pod_start, "the copy to run"});
    sim.ends("the kubelet of worker-2");
  }
  SECTION("the API server on the way to the kubelet is the one who is silent, also where that one may not be asked") {
    sim.source.how = GENERATE(Answers::at_once, Answers::not_asked);
    sim.begin();
    REQUIRE(sim.lives_on(sim.source, 2));
    sim.api_server.how = sim.source.how = how;
    const MainLine::Call call(sim.line, WaitFor::kubelet, "checkpoint");
    sim.ends("the API server");
  }
}

TEST_CASE("whatever is answered within the patience is an answer, and one lost question no silence") {
  Sim sim;
  sim.api_server.how = sim.source.how =
      GENERATE(Answers::late, Answers::every_third, Answers::not_asked, Answers::broken);
  const auto wait = GENERATE(WaitFor::api_server, WaitFor::kubelet);
  const MainLine::Call call(sim.line, wait, "ask");
  sim.begin();
  CHECK(sim.lives_on(sim.api_server));
  CHECK(sim.lives_on(sim.source, 2));
}

TEST_CASE("one who is back before the patience ends was not silent, however often") {
  Sim sim;
  const MainLine::Call call(sim.line, WaitFor::api_server, "get");
  sim.begin();
  for (int i = 0; i < 4; ++i) {
    sim.api_server.how = i % 2 == 0 ? Answers::silent : Answers::refused;
    REQUIRE(sim.lives_on(sim.api_server, 2));
    sim.api_server.how = Answers::at_once;
    REQUIRE(sim.lives_on(sim.api_server, 2));
  }
}

TEST_CASE("whoever is not waited for may be silent") {
  Sim sim;
  sim.begin();
  REQUIRE(sim.lives_on(sim.target, 2));
  sim.api_server.how = sim.source.how = sim.target.how = Answers::refused;
  SECTION("while the data flows, the node works, the copy connects") {
    const auto wait = GENERATE(WaitFor::network, WaitFor::runtime, WaitFor::node, WaitFor::disk);
    sim.line.waits_for({WaitFor::api_server, "the set to let go of its pods"});
    const MainLine::Call call(sim.line, wait, "archive");
    CHECK(sim.lives_on(sim.api_server));
  }
  SECTION("while the application is waited for, the broker being asked again and again") {
    sim.line.waits_for({WaitFor::consumer, "the copy to connect"});
    const MainLine::Call call(sim.line, WaitFor::broker, "depth");
    CHECK(sim.lives_on(sim.api_server));
  }
  SECTION("one kubelet while the other one is waited for") {
    sim.api_server.how = sim.source.how = Answers::at_once;
    const MainLine::Call call(sim.line, WaitFor::kubelet, "checkpoint");
    CHECK(sim.lives_on(sim.target));
  }
  SECTION("the API server, where the kubelet is reached without it") {
    sim.source.how = Answers::at_once;
    const MainLine::Call call(sim.line, WaitFor::kubelet, "checkpoint");
    CHECK(sim.lives_on(sim.api_server));
  }
}

TEST_CASE("by the runtime handler the API server is not waited for while the copy starts, its kubelet is") {
  Sim sim;
  sim.line.waits_for({WaitFor::pod_start, "the copy to run"});
  sim.begin({"worker-1", "worker-2", true});
  REQUIRE(sim.lives_on(sim.target, 2));
  sim.api_server.how = sim.target.how = Answers::silent;  // nobody says whether the kubelet is there
  CHECK(sim.lives_on(sim.api_server));
  sim.api_server.how = Answers::at_once;
  sim.ends("the kubelet of worker-2");
}

TEST_CASE("nor is either while the runtime restores") {
  Sim sim;
  sim.line.waits_for({WaitFor::runtime, "the copy to run"});
  sim.begin({"worker-1", "worker-2", true});
  REQUIRE(sim.lives_on(sim.target, 2));
  sim.api_server.how = sim.target.how = Answers::refused;
  CHECK(sim.lives_on(sim.api_server));
}

TEST_CASE("who was silent while nobody needed him, and is back when he is needed, is heard first") {
  Sim sim;
  sim.begin();
  sim.api_server.how = Answers::refused;
  REQUIRE(sim.lives_on(sim.api_server));
  const MainLine::Call call(sim.line, WaitFor::api_server, "get");
  sim.api_server.how = Answers::at_once;
  CHECK(sim.lives_on(sim.api_server));
}

TEST_CASE("what the API server kept back of a kubelet is not the kubelet's silence") {
  Sim sim;
  sim.begin();
  REQUIRE(sim.lives_on(sim.target, 2));
  sim.line.waits_for({WaitFor::pod_start, "the copy to run"});
  sim.api_server.how = sim.target.how = Answers::silent;
  REQUIRE(sim.lives_on(sim.api_server, 2));
  sim.api_server.how = Answers::at_once;
  sim.target.how = Answers::late;
  CHECK(sim.lives_on(sim.target));
}

TEST_CASE("a kubelet that never said anything, which cannot be reached from here, is none that has fallen silent") {
  Sim sim;
  sim.target.how = Answers::refused;
  sim.line.waits_for({WaitFor::pod_start, "the copy to run"});
  sim.begin();
  CHECK(sim.lives_on(sim.target));
}

TEST_CASE("time in which the machine was suspended is nobody's silence") {
  Sim sim;
  sim.api_server.how = Answers::silent;
  const MainLine::Call call(sim.line, WaitFor::api_server, "get");
  sim.begin();
  REQUIRE(sim.lives_on(sim.api_server, 4));
  sim.api_server.how = Answers::late;
  sim.away = 40'000;
  CHECK(sim.lives_on(sim.api_server));
  sim.api_server.how = Answers::silent;
  sim.ends("the API server");  // it looks on
}

TEST_CASE("nor is time in which this process was stopped") {
  int asked[2];
  REQUIRE(::pipe(asked) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    {
      Sim sim;
      sim.api_server.how = Answers::late;
      const MainLine::Call call(sim.line, WaitFor::api_server, "get");
      sim.begin();
      if (sim.lives_on(sim.api_server, 4) && ::write(asked[1], "a", 1) == 1 && sim.lives_on(sim.api_server)) status = 0;
    }
    ::_exit(status);
  }
  char byte = 0;
  REQUIRE(::read(asked[0], &byte, 1) == 1);
  ::kill(child, SIGSTOP);
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  std::this_thread::sleep_for(4 * kPatience);
  ::kill(child, SIGCONT);
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  ::close(asked[0]);
  ::close(asked[1]);
}

TEST_CASE("the operator's stop passes through at once, and his deadline") {
  Sim sim;
  const TimePoint deadline = Clock::now() + std::chrono::hours(1);
  Lookout lookout(sim.cluster, sim.line, {}, kPatience, sim.stop.token().until(deadline));
  const StopToken token = lookout.token();
  CHECK(token.deadline() == deadline);
  sim.stop.request_stop();
  CHECK_THROWS_AS(token.sleep(std::chrono::seconds(30), "waiting"), Cancelled);
  CHECK_FALSE(lookout.silence());
}
