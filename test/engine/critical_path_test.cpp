// What a migration was waited for, on the fakes: whoever is slow is named, and ms2m is not charged with it.
#include <algorithm>
#include <filesystem>

#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kQueue = "app.events";
constexpr Millis kSlow{1500};  // longer than a busy machine stands still

class Silent final : public Observer {
 public:
  void on(const Event&) noexcept override {}
};

/// One move, in which somebody is slow.
class Slow {
 public:
  explicit Slow(Strategy strategy, bool handler = false, CheckpointBy checkpoint = CheckpointBy::kubelet) {
    std::string name = "/tmp/ms2m-path-XXXXXX";
    root_ = ::mkdtemp(name.data());
    server_.declare(kQueue);
    if (handler) nodes_.set_up_handler();
    nodes_.start_pod("consumer-0", kQueue, "");
    request_.ns = "default";
    request_.pod = "consumer-0";
    request_.target_node = "worker-2";
    request_.queue = kQueue;
    request_.strategy = strategy;
    request_.checkpoint = checkpoint;
    request_.prefer = Prefer::total;  // without the second that makes a kubelet answer at once
  }
  ~Slow() { std::filesystem::remove_all(root_); }

  /// So long does the first such call take, at the port itself.
  void slow(const std::string& call) {
    const auto hook = [this, call](const std::string& now, bool before) {
      if (before && now.starts_with(call) && !was_slow_.exchange(true)) std::this_thread::sleep_for(kSlow);
    };
    nodes_.hook = hook;
    server_.set_hook(hook);
  }
  /// So long does the application on that node do nothing, from that call on.
  void hang(const std::string& node, const std::string& call) {
    server_.set_hook([this, node, call](const std::string& now, bool before) {
      if (before && now.starts_with(call) && !hangs_since_) {
        hangs_since_ = Clock::now();
        nodes_.hang_on(node);
      } else if (hangs_since_ && !was_slow_ && Clock::now() - *hangs_since_ > kSlow) {
        was_slow_ = true;
        nodes_.wake_on(node);
      }
    });
  }
  void fail_restore() { nodes_.fail_restore_on("worker-2"); }
  Measures run(Result expected = Result::done) {
    Silent silent;
    FakeBroker broker(server_);
    const FakePorts ports(nodes_, broker);
    const Outcome outcome = Migrator(ports.all, JournalStore(root_), silent).migrate(request_, {}, {});
    INFO(outcome.error);
    REQUIRE(outcome.result == expected);
    CHECK(was_slow_);
    return outcome.measures;
  }

 private:
  FakeServer server_;
  FakeNodes nodes_{server_};
  std::filesystem::path root_;
  MigrationRequest request_;
  std::atomic<bool> was_slow_{false};
  std::optional<TimePoint> hangs_since_;
};

Seconds waited(const Measures& measures, WaitFor on) {
  Seconds sum{0};
  for (const Waited& each : measures.critical_path)
    if (each.on == on) sum += each.length;
  return sum;
}

Seconds sum(const Measures& measures) {
  Seconds all{0};
  for (const Waited& each : measures.critical_path) all += each.length;
  return all;
}

/// The longest piece is that one, and ms2m has all the rest of the time at the most.
void check(const Measures& measures, WaitFor on, Phase phase) {
  INFO(to_string(on));
  CHECK(waited(measures, on) >= kSlow * 0.9);
  const auto longest = std::max_element(measures.critical_path.begin(), measures.critical_path.end(),
                                        [](const Waited& a, const Waited& b) { return a.length < b.length; });
  CHECK(to_string(longest->on) == std::string(to_string(on)));
  CHECK(longest->phase == phase);
  CHECK(own_time(measures.critical_path) <= measures.total - kSlow * 0.9);
}

}  // namespace

TEST_CASE("a slow kubelet") {
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow, Strategy::sequential}) {
    Slow move(strategy);
    move.slow("checkpoint consumer-0");
    check(move.run(), WaitFor::kubelet, Phase::checkpointing);
  }
}

TEST_CASE("a slow runtime") {
  Slow move(Strategy::handoff, true, CheckpointBy::runtime);
  move.slow("dump");
  check(move.run(), WaitFor::runtime, Phase::checkpointing);
}

TEST_CASE("a slow network, a slow disk") {
  Slow network(Strategy::handoff);
  network.slow("move");
  check(network.run(), WaitFor::network, Phase::transferring);
  Slow disk(Strategy::shadow);
  disk.slow("import");
  check(disk.run(), WaitFor::disk, Phase::transferring);
}

TEST_CASE("a consumer that is slow to become quiet") {
  Slow move(Strategy::handoff);
  move.hang("worker-1", "arm ");
  check(move.run(), WaitFor::consumer, Phase::checkpointing);
}

TEST_CASE("a copy that is slow to consume") {
  Slow move(Strategy::handoff);
  move.hang("worker-2", "pivot");
  check(move.run(), WaitFor::consumer, Phase::replaying);
}

TEST_CASE("a pod that is slow to be bound") {
  Slow move(Strategy::handoff, true);
  move.slow("watch restore");
  check(move.run(), WaitFor::pod_start, Phase::preparing);
}

TEST_CASE("what is undone is waited for, too") {
  Slow move(Strategy::shadow);
  move.fail_restore();
  move.slow("delete ms2m.");
  const Measures measures = move.run(Result::undone);
  CHECK(std::abs((sum(measures) - measures.total).count()) < 1e-6);
  CHECK(measures.critical_path.back().phase == Phase::finalizing);
  CHECK(waited(measures, WaitFor::broker) >= kSlow);
}

TEST_CASE("a slow broker is a part of the procedure's own time") {
  Slow move(Strategy::shadow);
  move.slow("pivot");
  const Measures measures = move.run();
  CHECK(waited(measures, WaitFor::broker) >= kSlow);
  CHECK(own_time(measures.critical_path) >= kSlow);
  CHECK(own_time(measures.critical_path) <= measures.total);
}
