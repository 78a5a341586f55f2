// What is waited for at every moment, from calls on two threads and the words of steps.
#include <future>
#include <thread>

#include "base/main_line.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

constexpr Millis kLong{30};

void pass(Millis time = kLong) { std::this_thread::sleep_for(time); }

/// "consumer: the copy", one a piece.
std::vector<std::string> words(const std::vector<Waited>& path) {
  std::vector<std::string> all;
  for (const Waited& each : path) all.push_back(std::string(to_string(each.on)) + ": " + each.what);
  return all;
}

Seconds sum(const std::vector<Waited>& path) {
  Seconds all{0};
  for (const Waited& each : path) all += each.length;
  return all;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a call is waited for, and what is between calls is ms2m's own work") {
  MainLine line;
  const TimePoint begin = Clock::now();
  MainLine::Run run(line, begin);
  line.enter(Phase::checkpointing);
  {
    const MainLine::Call call(line, WaitFor::kubelet, "checkpoint");
    pass();
  }
  pass();
  line.enter(Phase::transferring);
  {
    const MainLine::Call call(line, WaitFor::network, "archive");
    const MainLine::Call within(line, WaitFor::api_server, "get");
    pass();
  }
  const TimePoint end = Clock::now();
  const auto path = run.path(end);
  CHECK(words(path) == Words{"kubelet: checkpoint", "ms2m: its own work", "network: archive"});
  CHECK(path[0].phase == Phase::checkpointing);
  CHECK(path[2].phase == Phase::transferring);
  CHECK(std::abs((sum(path) - Seconds(end - begin)).count()) < 1e-6);
  CHECK(own_time(path) >= kLong);
  CHECK(own_time(path) < sum(path) - kLong * 1.9);
}

TEST_CASE("whoever looks again and again waits for one thing") {
  MainLine line;
  MainLine::Run run(line, Clock::now());
  line.enter(Phase::replaying, {WaitFor::consumer, "the copy"});
  for (int i = 0; i < 10; ++i) {
    {
      const MainLine::Call call(line, WaitFor::broker, "depth", MainLine::Kind::look);
      if (i == 0) pass();  // the first look is none yet
    }
    pass(Millis{3});
  }
  {
    const MainLine::Call call(line, WaitFor::broker, "pivot");
    pass();
  }
  CHECK(words(run.path(Clock::now())) == Words{"broker: depth", "consumer: the copy", "broker: pivot"});
}

TEST_CASE("small questions in a row are one piece, with the words of the longest") {
  MainLine line;
  MainLine::Run run(line, Clock::now());
  for (const char* what : {"a", "b", "c"}) {
    const MainLine::Call call(line, WaitFor::broker, what);
    pass(Millis{*what == 'b' ? 5 : 1});
  }
  CHECK(words(run.path(Clock::now())) == Words{"broker: b"});
}

TEST_CASE("what another thread does is waited for when nothing else is, and what it watches is not") {
  MainLine line;
  std::promise<void> asked;
  MainLine::Run run(line, Clock::now());
  line.enter(Phase::checkpointing, {WaitFor::consumer, "the source"});
  std::future<void> beside;
  {
    const MainLine::Call call(line, WaitFor::network, "archive");
    beside = std::async(std::launch::async, [&] {
      const MainLine::Call watch(line, WaitFor::pod_start, "pod", MainLine::Kind::look);
      const MainLine::Call checkpoint(line, WaitFor::kubelet, "checkpoint");
      asked.set_value();
      pass(kLong * 3);
    });
    asked.get_future().wait();
    pass();
  }
  beside.get();
  pass();
  CHECK(words(run.path(Clock::now())) == Words{"network: archive", "kubelet: checkpoint", "consumer: the source"});
}

TEST_CASE("a call may turn out to wait for something else") {
  MainLine line;
  MainLine::Run run(line, Clock::now());
  {
    MainLine::Call call(line, WaitFor::api_server, "pod a");
    pass();
    call.turns_out(WaitFor::pod_end);
    pass();
  }
  CHECK(words(run.path(Clock::now())) == Words{"pod end: pod a"});
}

TEST_CASE("a run within a run is a part of it, and outside of one nothing is kept") {
  MainLine line;
  { const MainLine::Call call(line, WaitFor::broker, "before"); }
  MainLine::Run run(line, Clock::now());
  line.enter(Phase::finalizing);
  {
    MainLine::Run inner(line, Clock::now());
    line.enter(Phase::restoring);
    const MainLine::Call call(line, WaitFor::node, "inner");
    pass();
    CHECK(inner.path(Clock::now()).empty());
  }
  const auto path = run.path(Clock::now());
  CHECK(words(path) == Words{"node: inner"});
  CHECK(path[0].phase == Phase::finalizing);
}
