// What is waited for at every moment, from calls on two threads and the words of steps.
#include <atomic>
#include <future>

#include "base/main_line.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

constexpr Millis kLong{30};

/// Its time passes when the test says so.
struct Line : MainLine {
  Line() : MainLine([this] { return now.load(); }) {}
  void pass(Millis time = kLong) { now = now.load() + time; }
  std::atomic<TimePoint> now{TimePoint(std::chrono::hours(1))};
};

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
  Line line;
  const TimePoint begin = line.now;
  MainLine::Run run(line, begin);
  line.enter(Phase::checkpointing);
  {
    const MainLine::Call call(line, WaitFor::kubelet, "checkpoint");
    line.pass();
  }
  line.pass();
  line.enter(Phase::transferring);
  {
    const MainLine::Call call(line, WaitFor::network, "archive");
    const MainLine::Call within(line, WaitFor::api_server, "get");
    line.pass();
  }
  const TimePoint end = line.now;
  const auto path = run.path(end);
  CHECK(words(path) == Words{"kubelet: checkpoint", "ms2m: its own work", "network: archive"});
  CHECK(path[0].phase == Phase::checkpointing);
  CHECK(path[2].phase == Phase::transferring);
  CHECK(std::abs((sum(path) - Seconds(end - begin)).count()) < 1e-6);
  CHECK(own_time(path) >= kLong);
  CHECK(own_time(path) < sum(path) - kLong * 1.9);
}

TEST_CASE("whoever looks again and again waits for one thing") {
  Line line;
  MainLine::Run run(line, line.now);
  line.enter(Phase::replaying, {WaitFor::consumer, "the copy"});
  for (int i = 0; i < 10; ++i) {
    {
      const MainLine::Call call(line, WaitFor::broker, "depth", MainLine::Kind::look);
      if (i % 3 == 0) line.pass();  // the first look is none in the middle
    }
    if (i == 5) {
      const MainLine::Call call(line, WaitFor::api_server, "get", MainLine::Kind::look);
      line.pass();
    }
    line.pass(Millis{3});
  }
  {
    const MainLine::Call call(line, WaitFor::broker, "pivot");
    line.pass();
  }
  CHECK(words(run.path(line.now)) == Words{"broker: depth", "consumer: the copy", "broker: pivot"});
}

TEST_CASE("a long act in the middle of a wait is none of it") {
  Line line;
  MainLine::Run run(line, line.now);
  line.enter(Phase::replaying, {WaitFor::consumer, "the copy"});
  line.pass();
  {
    const MainLine::Call call(line, WaitFor::broker, "message");
    line.pass();
  }
  line.pass();
  CHECK(words(run.path(line.now)) == Words{"consumer: the copy", "broker: message", "consumer: the copy"});
}

TEST_CASE("small questions in a row are one piece, with the words of the longest") {
  Line line;
  MainLine::Run run(line, line.now);
  for (const char* what : {"a", "b", "c"}) {
    const MainLine::Call call(line, WaitFor::broker, what);
    line.pass(Millis{*what == 'b' ? 5 : 1});
  }
  CHECK(words(run.path(line.now)) == Words{"broker: b"});
}

TEST_CASE("what another thread does is waited for when nothing else is, and what it watches is not") {
  Line line;
  std::promise<void> asked, arrived;
  MainLine::Run run(line, line.now);
  line.enter(Phase::checkpointing, {WaitFor::consumer, "the source"});
  std::future<void> beside;
  {
    const MainLine::Call call(line, WaitFor::network, "archive");
    beside = std::async(std::launch::async, [&] {
      const MainLine::Call watch(line, WaitFor::pod_start, "pod", MainLine::Kind::look);
      const MainLine::Call checkpoint(line, WaitFor::kubelet, "checkpoint");
      asked.set_value();
      arrived.get_future().wait();
      line.pass();
    });
    asked.get_future().wait();
    line.pass();
  }
  arrived.set_value();
  beside.get();
  line.pass();
  CHECK(words(run.path(line.now)) == Words{"network: archive", "kubelet: checkpoint", "consumer: the source"});
}

TEST_CASE("a call may turn out to wait for something else") {
  Line line;
  MainLine::Run run(line, line.now);
  {
    MainLine::Call call(line, WaitFor::api_server, "pod a");
    line.pass();
    call.turns_out(WaitFor::pod_end);
    line.pass();
  }
  CHECK(words(run.path(line.now)) == Words{"pod end: pod a"});
}

TEST_CASE("a run within a run is a part of it, and outside of one nothing is kept") {
  Line line;
  { const MainLine::Call call(line, WaitFor::broker, "before"); }
  MainLine::Run run(line, line.now);
  line.enter(Phase::finalizing);
  {
    MainLine::Run inner(line, line.now);
    line.enter(Phase::restoring);
    const MainLine::Call call(line, WaitFor::node, "inner");
    line.pass();
    CHECK(inner.path(line.now).empty());
  }
  const auto path = run.path(line.now);
  CHECK(words(path) == Words{"node: inner"});
  CHECK(path[0].phase == Phase::finalizing);
}

TEST_CASE("what is done while something is under way that is waited for afterwards costs no time") {
  const auto run_with = [](Millis waited, bool later = false) {
    Line line;
    MainLine::Run run(line, line.now);
    line.enter(Phase::preparing);
    const auto wait = [&](WaitFor on, const char* what, Millis time) {
      const MainLine::Call call(line, on, what);
      line.pass(time);
    };
    wait(WaitFor::api_server, "create pod", kLong);
    line.begins(WaitFor::pod_start);
    wait(WaitFor::broker, "declare", kLong);
    wait(WaitFor::network, "archive", kLong);
    wait(WaitFor::ms2m, "its journal", kLong);
    if (later) line.enter(Phase::restoring);
    wait(WaitFor::pod_start, "the copy", waited);
    wait(WaitFor::broker, "arm", kLong);
    return run.path(line.now);
  };
  SECTION("it was not over") {
    const auto path = run_with(kLong);
    CHECK(words(path) == Words{"api server: create pod", "pod start: the copy", "network: archive",
                               "pod start: the copy", "broker: arm"});
    CHECK(own_time(path) == Seconds(kLong * 2));
    CHECK(sum(path) == Seconds(kLong * 6));
  }
  SECTION("it was over already: since when is not known") {
    CHECK(own_time(run_with(Millis{0})) == Seconds(kLong * 4));
  }
  SECTION("what is waited for in another phase is another thing") {
    CHECK(own_time(run_with(kLong, true)) == Seconds(kLong * 4));
  }
}
