// The fault sweep: count the port calls of a clean migration; then, for each call and each of {fail before, fail after,
// crash before, crash after}, run it again with that fault, recover as an operator would (`ms2m abort`), and check
// I1-I4: exactly one instance consumes the queue, every message had its effect once and in order, nothing is left
// behind.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "journal/journal.hpp"
#include "ms2m/error.hpp"
#include "ms2m/migrator.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kQueue = "app.events";

class Silent : public Observer {
 public:
  void on(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (event.type == Event::Type::warning) warnings.push_back(event.text);
  }
  std::vector<std::string> warnings;

 private:
  std::mutex mutex_;
};

enum class Fault { none, fail_before, fail_after, crash_before, crash_after };

struct Case {
  std::string owner;
  Strategy strategy;
  Protocol protocol = Protocol::control;
  std::size_t batch = 1;
  Millis flush_after{0};
  ConsumerOptions::Control control = ConsumerOptions::Control::subscribes;
  bool manual_acks = true;
  bool forgetful = false;
  Millis away{0};
  bool handler = false;
  CheckpointBy checkpoint = CheckpointBy::kubelet;
  unsigned rounds = 0;
  Pages pages = Pages::files;
  Carriage carriage = Carriage::relay;
  std::string tells{};  ///< a stream's consumer, of its state
  bool hooks = false;   ///< one of each phase
  bool silent = false;  ///< a stream's consumer does not answer STATUS
  std::string from{};   ///< where in its stream the target begins
  int backlog = 0;      ///< waits from the beginning, of a consumer that manages one message at a time
};

Case directly(Case c) {
  c.carriage = Carriage::direct;
  return c;
}

Case by_registry(Case c) {
  c.carriage = Carriage::registry;
  return c;
}

Case behind(int backlog, Case c) {
  c.backlog = backlog;
  return c;
}

Case in_rounds(Case c) {
  c.handler = true;
  c.rounds = 2;
  return c;
}

/// Asked for by the operator's command.
Case silent(Case c) {
  c.silent = true;
  if (c.from.empty()) c.from = "first";
  return c;
}

/// Of a stream, by a copy.
Case from_checkpoint(Case c) {
  c.from = kFromCheckpoint;
  return c;
}

Case with_hooks(Case c) {
  c.hooks = true;
  return c;
}

Case by_runtime(Case c) {
  c.handler = true;
  c.checkpoint = CheckpointBy::runtime;
  return c;
}

Case by_stream(Case c) {
  c.pages = Pages::stream;
  return by_runtime(c);
}

Case lazily(Case c) {
  c.pages = Pages::lazy;
  return by_runtime(c);
}

Case by_handler(Case c) {
  c.handler = true;
  return c;
}

/// Calls like those of the ports.
struct SweptHooks final : Hooks {
  void run(const Hook& hook, const Outcome&, const StopToken&) override {
    ran.push_back(hook.command);
    if (!call) return;
    call("hook " + hook.command, true);
    call("hook " + hook.command, false);
  }
  std::function<void(const std::string&, bool)> call;
  std::vector<std::string> ran;
};

/// One world, one migration with a fault at call number `at`, and what came of it.
class Sweep {
 public:
  explicit Sweep(const Case& c) : case_(c), nodes_(server_) {
    // In memory where there is one: some 20 000 journal records are synced to it.
    std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/ms2m-sweep-XXXXXX" : "/tmp/ms2m-sweep-XXXXXX";
    root_ = ::mkdtemp(name.data());
    stream_ = c.strategy == Strategy::replay;
    server_.declare(kQueue, stream_ ? "stream" : "classic");
    if (stream_) server_.publish(kQueue, "w0");  // there must be a state
    if (c.handler) nodes_.set_up_handler();
    ConsumerOptions options;
    options.batch = c.batch;
    options.flush_after = c.flush_after;
    options.control = c.control;
    options.manual_acks = c.manual_acks;
    options.forgetful = c.forgetful;
    options.away = c.away;
    options.stream = stream_;
    options.tells = c.tells;
    options.silent = c.silent;
    if (c.protocol == Protocol::none) {
      options.control = ConsumerOptions::Control::none;
      nodes_.set_eager_kubelet();
    }
    if (c.backlog > 0) {
      options.per_settle = 1;
      options.prefetch = 20;
    }
    nodes_.start_pod("consumer-0", kQueue, c.owner, options);
    for (int i = 0; i < c.backlog; ++i) server_.publish(kQueue, fmt::format("w{}", i));
    // Without the control protocol a moment without an arrival is waited for.
    const int every = c.protocol == Protocol::none ? 7 : 1;
    server_.set_producer([this, every](FakeServer& server) {
      if (published_ < 400 && ++settled_ % every == 0) server.publish(kQueue, fmt::format("m{}", published_++));
    });
  }
  ~Sweep() { std::filesystem::remove_all(root_); }

  int run(Fault fault, int at) {
    FakeBroker broker(server_);
    std::atomic<int> calls{0};
    std::atomic<bool> over{false}, crashed{false};
    const auto hook = [&](const std::string& name, bool before) {
      if (crashed) throw Crashed{};  // whatever is cleaned up on the way out
      if (before && !flood_at_.empty() && name == flood_at_) server_.flood_valve({"flood-1", "flood-2"});
      if (before && !cut_at_.empty() && name.starts_with(cut_at_)) {
        cut_at_.clear();
        silently_ ? server_.cut_connection_silently("consumer-0") : server_.cut_connection("consumer-0");
      }
      if (before) act_before(name);
      if (!before && !crash_after_.empty() && name.starts_with(crash_after_)) {
        crash_after_.clear();
        crashed = true;
        broker.crash();
        throw Crashed{};
      }
      if (before && !fail_at_.empty() && name.starts_with(fail_at_)) {
        fail_at_.clear();
        meanwhile_();
        throw Error(ErrorKind::unavailable, "injected fault");
      }
      if (over) return;
      const int n = before ? ++calls : calls.load();
      if (fault_at_.empty() ? n != at : !name.starts_with(fault_at_)) return;
      const bool crash = fault == Fault::crash_before || fault == Fault::crash_after;
      const bool now = before == (fault == Fault::fail_before || fault == Fault::crash_before);
      if (fault == Fault::none || !now) return;
      over = true;
      crashed = crash;
      if (crash) {
        broker.crash();
        throw Crashed{};
      }
      throw Error(ErrorKind::unavailable, "injected fault");
    };
    server_.set_hook(hook);
    nodes_.hook = hook;
    hooks_.call = hook;
    try {
      outcome_ = migrate(broker);
    } catch (const Crashed&) {
      outcome_.reset();
      nodes_.end_sessions();
    }
    server_.set_hook({});
    nodes_.hook = {};
    hooks_.call = {};
    return calls;
  }

  /// Before call number `at` of those that begin so, after the pivot and before the end, everything that runs on
  /// worker-2 is gone. False: there was nothing to lose.
  bool run_and_lose_target(int at, const std::string& call = "") {
    std::atomic<bool> pivoted{false}, lost{false};  // calls come from two threads
    std::atomic<int> calls{0};
    const auto hook = [&](const std::string& name, bool before) {
      if (!before && (name.rfind("pivot", 0) == 0 || name.rfind("open valve", 0) == 0)) pivoted = true;
      const std::vector<std::string> pods = nodes_.pods();  // once: the other thread may take the last one away
      const bool there = pivoted && !pods.empty() && pods.back().ends_with("@worker-2");
      if (!before || !there || !name.starts_with(call) || ++calls != at) return;
      if (JournalStore(root_).list().at(0).state == "done") return;  // what earlier moves left is removed after it
      lost_before_ = name;
      for (const std::string& pod : pods)
        if (pod.ends_with("@worker-2")) {
          lost = true;
          nodes_.lose_pod(pod.substr(0, pod.find('@')));
        }
    };
    FakeBroker broker(server_);
    server_.set_hook(hook);
    nodes_.hook = hook;
    outcome_ = migrate(broker);
    server_.set_hook({});
    nodes_.hook = {};
    return lost;
  }

  /// Before that call the broker serves the source past the valve.
  void flood_at(const std::string& call) { flood_at_ = call; }

  /// The fault hits the first such call instead of one by its number.
  void fault_at(const std::string& call) { fault_at_ = call; }
  /// The first such call fails, after that.
  void fail_at(const std::string& call, std::function<void()> meanwhile) {
    fail_at_ = call;
    meanwhile_ = std::move(meanwhile);
  }

  /// Before the first such call the source loses its connection.
  void cut_at(const std::string& call, bool silently = false) {
    cut_at_ = call;
    silently_ = silently;
  }
  /// Before the next call that begins so.
  void before(const std::string& call, std::function<void()> act) { acts_.emplace_back(call, std::move(act)); }
  void crash_after(const std::string& call) { crash_after_ = call; }
  void serves_within(Millis time) { serve_ = time; }
  void restored_within(Millis time) { restore_ = time; }
  void retired_within(Millis time) { retire_ = time; }
  void allow_competing() { competing_ = true; }
  void quiet_within(Millis time) { quiet_ = time; }

  /// The operator's next process: abort whatever the journal says is open.
  void recover() {
    for (const JournalSummary& summary : JournalStore(root_).list()) {
      if (summary.state == "done" || summary.state == "undone") continue;
      server_.advance(Millis{20000});  // the dead man's time passes while nobody is there
      FakeBroker broker(server_);
      FakePorts ports(nodes_, broker);
      Migrator migrator(ports.all, JournalStore(root_), silent_);
      const auto hook = [this](const std::string& name, bool before) {
        if (before) act_before(name);
      };
      server_.set_hook(hook);
      nodes_.hook = hook;
      recovered_ = migrator.abort(summary.id, StopToken());
      server_.set_hook({});
      nodes_.hook = {};
    }
  }

  void cleanup(const std::string& id) {
    FakeBroker broker(server_);
    FakePorts ports(nodes_, broker);
    Migrator(ports.all, JournalStore(root_), silent_).cleanup(id, StopToken());
  }

  void check(const std::string& what, bool in_order = true) {
    INFO(what << "; pods " << fmt::format("{}", fmt::join(nodes_.pods(), " ")) << "; first outcome "
              << (outcome_ ? std::string(to_string(outcome_->result)) + " " + outcome_->error : "crashed")
              << "; recovered "
              << (recovered_ ? std::string(to_string(recovered_->result)) + " " + recovered_->error : "not needed"));
    for (int i = 0; i < 5; ++i) server_.settle();
    REQUIRE_FALSE(nodes_.survivor().empty());
    for (int i = 0; i < 100 && case_.backlog > 0 && !all_applied(); ++i)
      for (int j = 0; j < 50; ++j) server_.settle();
    const TimePoint flushed = Clock::now() + 2 * case_.flush_after;
    while (case_.batch > 1 && Clock::now() < flushed && !all_applied()) server_.settle();
    CHECK(server_.consumers(kQueue).size() == 1);
    const SimConsumer* consumer = nodes_.consumer_of(nodes_.survivor());
    REQUIRE(consumer != nullptr);
    CHECK(consumer->queue() == kQueue);
    auto applied = consumer->applied(), published = server_.published(kQueue);
    if (!in_order) {
      std::sort(applied.begin(), applied.end());
      std::sort(published.begin(), published.end());
    }
    CHECK(applied == published);
    if (stream_) CHECK(server_.effects() == published);
    CHECK(nodes_.debris() == std::vector<std::string>{});
    for (const std::string& queue : server_.queues()) {
      const bool ours = queue.rfind("ms2m.", 0) == 0 && queue != "ms2m.control." + nodes_.survivor();
      CHECK_FALSE((ours ? queue : "") != "");
    }
    CHECK(server_.exchanges() == std::vector<std::string>{});
    if (case_.owner == "StatefulSet") {
      CHECK(nodes_.set_is_whole());
      CHECK(nodes_.survivor() == "consumer-0");
    }
    if (outcome_ && outcome_->result == Result::done) CHECK(nodes_.pods()[0].find("@worker-2") != std::string::npos);
  }

  /// What the outcome says of a migration whose copy was lost is so; and it is no dead end.
  void check_loss(const std::string& what) {
    for (int i = 0; i < 5; ++i) server_.settle();
    const Outcome first = outcome_.value();
    INFO(what << " (" << lost_before_ << "); " << to_string(first.result) << "; serving " << to_string(first.serving)
              << "; " << first.error << "; pods " << fmt::format("{}", fmt::join(nodes_.pods(), " ")));
    CHECK(server_.consumers(kQueue).empty() == first.serving.nobody());
    const bool moved = !nodes_.pods().empty() && nodes_.pods().back().ends_with("@worker-2");
    CHECK((first.result == Result::done) == moved);
    CHECK(first.error.empty() == moved);
    recover();
    CHECK((recovered_ ? recovered_->leftovers.size() : first.leftovers.size()) == 0);
    if (case_.owner == "StatefulSet") CHECK(nodes_.set_is_whole());
    // The name of its image is what a pod that was moved leaves behind when it is deleted.
    const bool taken_back = first.error.find("has the queue back") != std::string::npos;
    for (const std::string& line : nodes_.debris())
      if (taken_back || line.rfind("image name", 0) != 0) CHECK((line == "0 pods" ? "" : line) == "");
    for (const std::string& queue : server_.queues())
      CHECK((queue.rfind("ms2m.control.", 0) == 0 ? kQueue : queue) == kQueue);
  }

  /// Of the only migration there was.
  std::string id() const { return JournalStore(root_).list().at(0).id; }
  const std::filesystem::path& root() const { return root_; }
  std::vector<std::string> warnings() const { return silent_.warnings; }
  const std::vector<std::string>& hooks() const { return hooks_.ran; }
  const std::optional<Outcome>& outcome() const { return outcome_; }
  const std::optional<Outcome>& recovered() const { return recovered_; }
  FakeNodes& nodes() { return nodes_; }
  FakeServer& server() { return server_; }

 private:
  void act_before(const std::string& call) {
    for (std::size_t i = 0; i < acts_.size(); ++i) {
      if (!call.starts_with(acts_[i].first)) continue;
      const auto act = std::move(acts_[i].second);
      acts_.erase(acts_.begin() + static_cast<std::ptrdiff_t>(i));
      return act();
    }
  }

  bool all_applied() const {
    return nodes_.consumer_of(nodes_.survivor())->applied().size() == server_.published(kQueue).size();
  }

  Outcome migrate(FakeBroker& broker) {
    FakePorts ports(nodes_, broker);
    Migrator migrator(ports.all, JournalStore(root_), silent_, {&hooks_});
    MigrationRequest request;
    if (case_.hooks)
      request.hooks = {{HookPoint::before_quiet, "a"}, {HookPoint::after_pivot, "b"}, {HookPoint::end, "c"}};
    request.ns = "default";
    request.pod = "consumer-0";
    request.target_node = "worker-2";
    request.queue = kQueue;
    request.strategy = case_.strategy;
    request.protocol = case_.protocol;
    request.from = case_.from;
    if (case_.silent) request.offset_command = "offset";
    request.prefer = Prefer::total;
    request.checkpoint = case_.checkpoint;
    request.pages = case_.pages;
    request.carriage = case_.carriage;
    if (case_.rounds > 0) request.precopy = case_.rounds;
    request.timeouts.undo = Seconds(case_.batch > 1 ? 20 : 5);
    request.allow_competing = competing_;
    request.timeouts.quiet = case_.backlog > 0 && case_.protocol == Protocol::control ? Seconds(0.05) : Seconds(quiet_);
    request.timeouts.restore = Seconds(restore_);
    if (case_.backlog > 0) request.freeze_limit = Millis{4500};  // a valve whose end is not certain is outlasted
    request.timeouts.retire = Seconds(retire_);
    request.timeouts.serve = Seconds(serve_);
    return migrator.migrate(request, {}, StopToken());
  }

  Case case_;
  FakeServer server_;
  FakeNodes nodes_;
  SweptHooks hooks_;
  Silent silent_;
  std::filesystem::path root_;
  int published_ = 0, settled_ = 0;
  std::string lost_before_, flood_at_, cut_at_, fault_at_, fail_at_;
  std::function<void()> meanwhile_;
  bool silently_ = false, competing_ = false, stream_ = false;
  Millis quiet_{2000}, restore_{120000}, retire_{120000}, serve_{30000};
  std::vector<std::pair<std::string, std::function<void()>>> acts_;
  std::string crash_after_;
  std::optional<Outcome> outcome_, recovered_;
};

const char* word(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "no fault";
    case Fault::fail_before:
      return "fail before";
    case Fault::fail_after:
      return "fail after";
    case Fault::crash_before:
      return "crash before";
    case Fault::crash_after:
      return "crash after";
  }
  return "?";
}

/// `stride`: of the calls only every so manieth, another one for each fault; MS2M_SWEEP_ALL tries all.
void sweep(const Case& c, int stride = 1) {
  if (std::getenv("MS2M_SWEEP_ALL") != nullptr) stride = 1;
  int calls = 0;
  {
    Sweep clean(c);
    calls = clean.run(Fault::none, 0);
    clean.check("clean run");
    REQUIRE(clean.outcome());
    REQUIRE(clean.outcome()->result == Result::done);
  }
  REQUIRE(calls > 30);
  for (const Fault fault : {Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after})
    for (int at = 1 + static_cast<int>(fault) % stride; at <= calls; at += stride) {
      Sweep run(c);
      run.run(fault, at);
      run.recover();
      run.check(fmt::format("{} call {}", word(fault), at));
      for (const std::string& hook : run.hooks()) CHECK(std::count(run.hooks().begin(), run.hooks().end(), hook) == 1);
      // Of a move that has begun and whose ms2m lives, those of its end run always.
      if (c.hooks && run.outcome() && run.outcome()->result != Result::refused) CHECK(run.hooks().back() == "c");
    }
}

}  // namespace

TEST_CASE("every pause is told, with its cause", "[pauses]") {
  const auto pauses = [](const Case& c) {
    Sweep run(c);
    run.run(Fault::none, 0);
    REQUIRE(run.outcome());
    REQUIRE(run.outcome()->result == Result::done);
    const Measures& measures = run.outcome()->measures;
    std::vector<std::string> causes;
    bool gap_is_one = false;
    for (const Stretch& pause : measures.pauses) {
      CHECK(pause.length > Seconds(0));
      gap_is_one = gap_is_one || pause.length == measures.gap;
      causes.push_back(pause.what.substr(0, pause.what.find(" to pod")));
    }
    CHECK(gap_is_one);
    return causes;
  };
  using Causes = std::vector<std::string>;
  CHECK(pauses({"", Strategy::handoff}) == Causes{"checkpoint, restore and hand-over"});
  CHECK(pauses({"ReplicaSet", Strategy::shadow}) == Causes{"checkpoint on worker-1", "hand-over"});
  CHECK(pauses({"StatefulSet", Strategy::shadow}) ==
        Causes{"checkpoint on worker-1", "hand-over", "checkpoint on worker-2", "hand-over"});
  CHECK(pauses({"StatefulSet", Strategy::handoff}) == Causes{"checkpoint, restore and hand-over"});
  CHECK(pauses(from_checkpoint({"", Strategy::replay})) == Causes{"checkpoint on worker-1", "hand-over"});
  CHECK(pauses({"", Strategy::handoff, Protocol::none}) == Causes{"checkpoint, restore and hand-over"});
}

TEST_CASE("handoff of a bare pod survives every fault", "[sweep]") { sweep({"", Strategy::handoff}); }
TEST_CASE("handoff of a Deployment's pod survives every fault", "[sweep]") { sweep({"ReplicaSet", Strategy::handoff}); }
TEST_CASE("handoff of a StatefulSet's pod survives every fault", "[sweep]") {
  sweep({"StatefulSet", Strategy::handoff});
}
TEST_CASE("shadow of a bare pod survives every fault", "[sweep]") { sweep({"", Strategy::shadow}); }
TEST_CASE("shadow of a StatefulSet's pod survives every fault", "[sweep]") {
  sweep({"StatefulSet", Strategy::shadow}, 3);
}

TEST_CASE("sequential move of a StatefulSet's pod survives every fault", "[sweep]") {
  sweep({"StatefulSet", Strategy::sequential});
}
TEST_CASE("sequential move of a bare pod survives every fault", "[sweep]") { sweep({"", Strategy::sequential}); }

TEST_CASE("a replay of a stream survives every fault, and every side effect is had once", "[sweep][stream]") {
  sweep({"", Strategy::replay});
}

TEST_CASE("a replay of a consumer that does not answer STATUS survives every fault", "[sweep][stream]") {
  sweep(silent({"", Strategy::replay}));
}

TEST_CASE("a copy that reads its stream on survives every fault, and every side effect is had once",
          "[sweep][hybrid]") {
  const Case restored = from_checkpoint({"", Strategy::replay});
  sweep(restored);
  sweep(by_handler(restored), 2);
  sweep(by_runtime(restored), 3);
  sweep(in_rounds(restored), 5);
  sweep(silent(restored), 2);
  sweep(with_hooks(restored), 5);
}

TEST_CASE("a copy that reads its stream on has its state from the checkpoint, and the rest from the log", "[hybrid]") {
  const Case c = GENERATE(from_checkpoint({"", Strategy::replay}), by_handler(from_checkpoint({"", Strategy::replay})),
                          silent(from_checkpoint({"", Strategy::replay})));
  Sweep run(c);
  run.run(Fault::none, 0);
  INFO(run.outcome()->error);
  REQUIRE(run.outcome()->result == Result::done);
  const StreamOffsets offsets = run.outcome()->measures.stream.value();
  CHECK(offsets.checkpoint >= 0);
  CHECK(offsets.checkpoint < offsets.stop);
  CHECK(offsets.stop == offsets.cut_over);
  CHECK(offsets.first == (c.silent ? -1 : 0));
  CHECK(offsets.same_state == (c.silent ? std::nullopt : std::optional(true)));
  CHECK(run.outcome()->measures.source_pause.value() > Seconds(0));
  run.check("reads on");
}

TEST_CASE("a source that does not rest where it was sent for its checkpoint stays, and nothing is restored",
          "[hybrid]") {
  Sweep run(from_checkpoint({"", Strategy::replay}));
  run.before("checkpoint ", [&] {
    for (const std::string& queue : run.server().queues())
      if (queue.ends_with(".deadman")) run.server().fire_dead_man(queue);
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("dead man's switch"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("did not rest");
}

TEST_CASE("a source whose connection is lost while it rests for its checkpoint comes back to the hold queue",
          "[hybrid]") {
  Sweep run(from_checkpoint({"", Strategy::replay}));
  run.cut_at("checkpoint ");
  run.run(Fault::none, 0);
  INFO(run.outcome()->error);
  CHECK(run.outcome()->result == Result::done);
  run.check("came back");
}

TEST_CASE("a target of a stream that is lost after the pivot gives it back", "[sweep][stream]") {
  const Case c = GENERATE(Case{"", Strategy::replay}, silent({"", Strategy::replay}),
                          from_checkpoint({"", Strategy::replay}), by_handler(from_checkpoint({"", Strategy::replay})));
  int at = 1;
  for (;; ++at) {
    Sweep run(c);
    if (!run.run_and_lose_target(at)) break;
    run.check_loss(fmt::format("lost before call {} after the pivot", at));
  }
  CHECK(at > 3);
}

TEST_CASE("a target of a stream that never goes on is withdrawn", "[sweep][stream]") {
  Sweep run({"", Strategy::replay});
  run.serves_within(Millis{300});
  run.before("pivot ", [&] { run.nodes().hang_on("worker-2"); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("did not consume app.events after the hand-over") &&
                                       Catch::Contains("are had once more; the source has the queue back"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("withdrawn");
}

TEST_CASE("a state that does not follow from the stream is found out before it is handed over", "[sweep][stream]") {
  Case c{"", Strategy::replay};
  c.tells = "state of ";
  Sweep run(c);
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("the target's state is not the source's"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("another state");
}

TEST_CASE("a target of a stream that begins anew ends the move, with its side effects held back", "[sweep][stream]") {
  const std::string call = GENERATE("arm ", "pivot ");
  Sweep run(GENERATE(Case{"", Strategy::replay}, silent({"", Strategy::replay})));
  run.before(call, [&] { run.nodes().restart_on("worker-2"); });
  run.run(Fault::none, 0);
  if (call == "pivot ") {  // it has its command, and is what any container is that begins anew
    CHECK(run.outcome()->result == Result::done);
    return;
  }
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("has begun anew in the stream"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("begun anew");
}

TEST_CASE("handoff without the control protocol survives every fault", "[sweep]") {
  sweep({"", Strategy::handoff, Protocol::none});
}
TEST_CASE("handoff of a Deployment's pod without the control protocol survives every fault", "[sweep]") {
  sweep({"ReplicaSet", Strategy::handoff, Protocol::none});
}
TEST_CASE("handoff of a StatefulSet's pod without the control protocol survives every fault", "[sweep][none-set]") {
  sweep({"StatefulSet", Strategy::handoff, Protocol::none});
  sweep(by_handler({"StatefulSet", Strategy::handoff, Protocol::none}));
}

TEST_CASE("a move with a backlog that is taken behind a frozen source survives every fault", "[sweep][frozen]") {
  Case polling{"", Strategy::handoff};
  polling.control = ConsumerOptions::Control::polls;
  sweep(behind(800, polling));
  polling.strategy = Strategy::shadow;
  sweep(behind(800, polling), 3);
  sweep(behind(800, {"", Strategy::handoff, Protocol::none}), 2);
}

TEST_CASE("a backlog is taken behind the frozen source, in its order, and that is told", "[frozen]") {
  Case c{"", Strategy::handoff};
  c.control = ConsumerOptions::Control::polls;
  c.protocol = GENERATE(Protocol::control, Protocol::none);
  Sweep run(behind(800, c));
  run.run(Fault::none, 0);
  REQUIRE(run.outcome()->result == Result::done);
  CHECK(run.outcome()->measures.frozen.value_or(Seconds(0)) > Seconds(0));
  CHECK(run.outcome()->measures.held.value_or(0) > 150);
  run.check("behind a frozen source");
}

TEST_CASE("a freeze that comes to its end too early is noticed, and what was taken goes back first", "[frozen]") {
  Case c{"", Strategy::handoff};
  c.protocol = Protocol::none;
  const char* call = GENERATE("close valve", "settle valve");
  Sweep run(behind(800, c));
  run.before(call, [&] { run.nodes().forget_sessions(); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("session with node worker-1 was lost"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("lost in the middle");
}

TEST_CASE("a source is not let go on before the broker knows that a valve is lost", "[frozen]") {
  Case c{"", Strategy::handoff};
  c.control = ConsumerOptions::Control::polls;
  c.protocol = GENERATE(Protocol::control, Protocol::none);
  Sweep run(behind(800, c));
  run.before("settle valve", [&] { run.server().break_valve(100); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("the valve broke"));
  CHECK(run.nodes().survivor() == "consumer-0");
  const auto warnings = run.warnings();
  CHECK(std::count_if(warnings.begin(), warnings.end(), [](const std::string& each) {
          return each.find("the valve's end is not certain") != std::string::npos;
        }) == 1);
  run.check("lost valve");
}

TEST_CASE("a source that may have been served past the valve is not moved", "[frozen]") {
  Case c{"", GENERATE(Strategy::handoff, Strategy::shadow)};
  c.control = ConsumerOptions::Control::polls;
  Sweep run(behind(GENERATE(100, 800), c));
  run.flood_at(fmt::format("settle valve {}", kQueue));
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("more than 150 messages came at once before the source was quiet"));
  CHECK(run.nodes().survivor() == "consumer-0");
  CHECK(run.outcome()->leftovers.empty());
}

TEST_CASE("the heartbeats of a connection that is not listed yet are waited for, unless nobody may see them",
          "[frozen]") {
  Case c{"StatefulSet", Strategy::shadow};
  c.control = ConsumerOptions::Control::polls;
  Sweep run(behind(800, c));
  run.server().hide_heartbeats(2);
  // The copy, when it takes the pod's name, has just connected.
  run.before("pivot", [&] { run.server().hide_heartbeats(2); });
  run.run(Fault::none, 0);
  INFO(run.outcome()->error);
  CHECK(run.outcome()->result == Result::done);
  run.check("not listed yet");

  Sweep never(behind(800, c));
  never.server().hide_heartbeats(-1);
  never.run(Fault::none, 0);
  CHECK(never.outcome()->result == Result::undone);
  CHECK_THAT(never.outcome()->error, Catch::Contains("heartbeats of its connection to the broker are not known"));
  never.check("nobody may see them");
}

TEST_CASE("a valve is not filled to where a quorum queue passes it", "[frozen]") {
  Case c{"", Strategy::handoff};
  c.control = ConsumerOptions::Control::polls;
  Sweep run(behind(1600, c));
  run.server().declare(kQueue, "quorum");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::refused);
  CHECK_THAT(run.outcome()->error, Catch::Contains("messages wait in app.events, and a quorum queue") &&
                                       Catch::Contains("no more than 2000 at a time"));
  run.check("too many for a quorum queue");
}

TEST_CASE("a move with hooks survives every fault, theirs too, and none runs twice", "[sweep][hooks]") {
  sweep(with_hooks({"", Strategy::handoff}), 3);
  sweep(with_hooks({"StatefulSet", Strategy::handoff}), 5);
  sweep(with_hooks({"ReplicaSet", Strategy::shadow}), 5);
  sweep(with_hooks({"", Strategy::replay}), 3);
  for (const char* hook : {"hook a", "hook b", "hook c"})
    for (const Fault fault : {Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after}) {
      Sweep run(with_hooks({"", Strategy::handoff}));
      run.fault_at(hook);
      run.run(fault, 0);
      run.recover();
      run.check(fmt::format("{} {}", word(fault), hook));
    }
}

TEST_CASE("by the runtime handler, handoff survives every fault", "[sweep][handler]") {
  for (const char* owner : {"", "ReplicaSet", "StatefulSet"}) sweep(by_handler({owner, Strategy::handoff}));
}
TEST_CASE("by the runtime handler, shadow survives every fault", "[sweep][handler]") {
  for (const char* owner : {"ReplicaSet", "StatefulSet"}) sweep(by_handler({owner, Strategy::shadow}));
}
TEST_CASE("a checkpoint by the node's runtime survives every fault", "[sweep][handler]") {
  sweep(by_runtime({"", Strategy::handoff}));
  sweep(by_runtime({"StatefulSet", Strategy::shadow}));
  sweep(by_runtime({"", Strategy::handoff, Protocol::none}));
}
TEST_CASE("memory that goes from memory to memory survives every fault", "[sweep][handler]") {
  sweep(by_stream({"", Strategy::handoff}));
  sweep(by_stream({"ReplicaSet", Strategy::handoff}));
  sweep(lazily({"", Strategy::handoff}));
  sweep(lazily({"ReplicaSet", Strategy::handoff}));
}

TEST_CASE("a checkpoint that goes from node to node survives every fault", "[sweep]") {
  sweep(directly({"", Strategy::handoff}));
  sweep(directly(in_rounds({"", Strategy::handoff})));
  sweep(directly(by_handler({"StatefulSet", Strategy::shadow})));
}
TEST_CASE("a checkpoint that goes through a registry survives every fault", "[sweep][registry]") {
  sweep(by_registry({"ReplicaSet", Strategy::shadow}));
  sweep(by_registry({"", Strategy::handoff}));
  sweep(by_registry({"StatefulSet", Strategy::sequential}));
  sweep(by_registry(in_rounds({"", Strategy::handoff})));
  sweep(by_registry(by_handler({"StatefulSet", Strategy::shadow})));
}
TEST_CASE("a pre-copy survives every fault", "[sweep][handler]") {
  sweep(in_rounds({"", Strategy::handoff}));
  sweep(in_rounds({"StatefulSet", Strategy::handoff}));
  sweep(in_rounds({"", Strategy::handoff, Protocol::none}));
  sweep(in_rounds(by_runtime({"ReplicaSet", Strategy::shadow})));
}
TEST_CASE("by the runtime handler, without the control protocol, a move survives every fault", "[sweep][handler]") {
  sweep(by_handler({"", Strategy::handoff, Protocol::none}));
}

TEST_CASE("without the control protocol, a restore that fails leaves the source at work", "[sweep]") {
  const bool handler = GENERATE(false, true);
  for (const char* owner : {"", "ReplicaSet", "StatefulSet"}) {
    Case c{owner, Strategy::handoff, Protocol::none};
    c.handler = handler;
    Sweep run(c);
    run.nodes().fail_restore_on("worker-2");
    run.run(Fault::none, 0);
    CHECK(run.outcome()->result == Result::undone);
    CHECK(run.outcome()->error.find("CRIU restoring FAILED") != std::string::npos);
    CHECK(run.nodes().survivor() == "consumer-0");
    run.check("failed restore");
  }
}

TEST_CASE("without the control protocol, a restore that fails under every fault leaves somebody at work", "[sweep]") {
  Case c{"", Strategy::handoff, Protocol::none};
  c.handler = GENERATE(false, true);
  for (const Fault fault : {Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after})
    for (int at = 1; at <= 120; ++at) {
      Sweep run(c);
      run.nodes().fail_restore_on("worker-2");
      run.run(fault, at);
      run.recover();
      CHECK(run.nodes().survivor() == "consumer-0");
      run.check(fmt::format("failed restore, {} call {}", word(fault), at));
    }
}

TEST_CASE("without the control protocol, a source waits for a person only when the copy may have started", "[sweep]") {
  for (int at = 1; at <= 120; ++at) {
    Sweep run({"", Strategy::handoff, Protocol::none});
    run.run(Fault::crash_before, at);
    const SimConsumer* source = run.nodes().consumer_of("consumer-0");
    const bool waits = source != nullptr && source->frozen();
    run.recover();
    INFO("call " << at);
    CHECK((!waits || !run.recovered() || run.recovered()->result == Result::done));
  }
}

TEST_CASE("without the control protocol, a source whose freeze came to its end is not called frozen", "[sweep]") {
  Sweep run({"", Strategy::handoff, Protocol::none});
  // The second freeze, which is to stay.
  run.before("freeze", [&] { run.before("freeze", [&] { run.nodes().end_sessions(); }); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("has not been frozen all the time"));
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("thawed before the pivot");
}

TEST_CASE("without the control protocol, a source that was served past the valve is not given up", "[sweep]") {
  Sweep run({"", Strategy::handoff, Protocol::none});
  run.flood_at("checkpoint consumer-0");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("more than 150 messages"));
  CHECK(run.nodes().survivor() == "consumer-0");
  CHECK(run.outcome()->leftovers.empty());
}

TEST_CASE("a restore that fails leaves the source at work", "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  const bool exact_totals = GENERATE(true, false);
  Case c{"", strategy};
  c.handler = GENERATE(false, true);
  Sweep run(c);
  run.server().set_admin_reachable(exact_totals);
  run.nodes().fail_restore_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.outcome()->error.find("CRIU restoring FAILED") != std::string::npos);
  run.check("failed restore");
}

TEST_CASE("a migration that was taken over undoes nothing and says who has it", "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Sweep run({"", strategy});
  run.fail_at("move", [&] { run.nodes().hold_lease("ms2m-consumer-0", "somebody@else pid 17 (zzz234)"); });
  run.run(Fault::none, 0);
  const std::string other = "taken over by somebody@else pid 17 (zzz234), phase ";
  CHECK(run.outcome()->result == Result::leftovers);
  CHECK_THAT(run.outcome()->error, Catch::Contains("injected fault") && Catch::Contains(other));
  CHECK_THAT(run.outcome()->remedy, Catch::Contains("ms2m cleanup " + run.outcome()->id));
  CHECK(run.outcome()->undone.empty());
  CHECK(run.outcome()->resumable);
  run.recover();
  CHECK(run.recovered()->result == Result::refused);
  CHECK_THAT(run.recovered()->error, Catch::Contains(other));
  CHECK(run.nodes().pods().size() == 2);
  run.nodes().hold_lease("ms2m-consumer-0", "");
  run.recover();
  CHECK(run.recovered()->result == Result::undone);
  run.check("taken over");
}

TEST_CASE("admission that changes the target's image or its pull policy is found before the source stops", "[sweep]") {
  const Case c = GENERATE(Case{"ReplicaSet", Strategy::handoff}, Case{"", Strategy::shadow},
                          Case{"StatefulSet", Strategy::handoff}, Case{"StatefulSet", Strategy::sequential});
  const bool image = GENERATE(true, false);
  Sweep run(c);
  run.nodes().admission = [&](Json& pod) {
    pod["spec"]["containers"][0][image ? "image" : "imagePullPolicy"] = image ? "mirror/base" : "Always";
  };
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.outcome()->error.find(image ? "to mirror/base" : "image pull policy of the target pod Always") !=
        std::string::npos);
  CHECK_FALSE(run.outcome()->remedy.empty());
  CHECK(run.nodes().pods() == std::vector<std::string>{"consumer-0@worker-1"});
  run.check("admission");
}

// It gives back the part of a batch when it is sent away, and needs longer for it than ms2m waits at first.
TEST_CASE("an undone shadow waits for a source that stands still with a part of a batch", "[sweep]") {
  const bool exact_totals = GENERATE(true, false);
  Sweep run({"", Strategy::shadow, Protocol::control, 7, Millis{2500}});
  run.server().set_admin_reachable(exact_totals);
  run.nodes().fail_restore_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.outcome()->leftovers.empty());
  run.check("part of a batch");
}

TEST_CASE("automatic acknowledgement is seen when the management API names the consumer late", "[sweep]") {
  const bool manual = GENERATE(true, false);
  Sweep run({"", Strategy::handoff, Protocol::control, 1, Millis{0}, ConsumerOptions::Control::subscribes, manual});
  run.server().set_unlisted(4);
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == (manual ? Result::done : Result::undone));
  if (!manual) CHECK_THAT(run.outcome()->error, Catch::Contains("automatic acknowledgement"));
  run.check("listed late");
}

TEST_CASE("a source that takes the command and does not obey is not called one that never looked", "[sweep]") {
  Sweep run({"", Strategy::handoff, Protocol::control, 1, Millis{0}, ConsumerOptions::Control::ignores});
  run.quiet_within(Millis{50});
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("took START_REPLAY from ms2m.control.consumer-0"));
}

TEST_CASE("a source that loses its connection", "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  const bool forgetful = GENERATE(true, false);
  const std::string at = GENERATE("import", "stop pump");
  Sweep run({"", strategy, Protocol::control, 1, Millis{0}, ConsumerOptions::Control::subscribes, true, forgetful});
  run.cut_at(at);
  run.run(Fault::none, 0);
  const bool strays = forgetful && (strategy == Strategy::shadow || at == "import");
  CHECK(run.outcome()->result == (strays ? Result::undone : Result::done));
  if (strays) CHECK_THAT(run.outcome()->error, Catch::Contains("a consumer came to app.events by itself"));
  run.check(at + (forgetful ? ", forgetful" : ""), !strays);  // what was relayed to it waited while it took newer ones
}

TEST_CASE("a source that loses its connection in a long freeze is waited for", "[sweep]") {
  const Case c =
      GENERATE(Case{"", Strategy::handoff}, Case{"", Strategy::shadow}, Case{"StatefulSet", Strategy::handoff});
  // One that goes back to its primary queue unless it is told where it belongs; and one that takes its time.
  const bool forgetful = GENERATE(true, false);
  Case with = c;
  with.forgetful = forgetful;
  if (!forgetful) with.away = Millis{400};
  Sweep run(with);
  run.before("checkpoint consumer-0", [&] {
    run.nodes().hang_on("worker-1");
    if (forgetful) std::this_thread::sleep_for(Millis{2300});
    run.server().cut_connection("consumer-0");
    run.nodes().wake_on("worker-1");
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::done);
  run.check(forgetful ? "forgetful" : "slow");
}

TEST_CASE("a source that does not come back after a freeze is given up", "[sweep]") {
  Case c{"", Strategy::handoff};
  c.away = Millis{4000};
  Sweep run(c);
  run.quiet_within(Millis{200});
  run.before("checkpoint consumer-0", [&] { run.server().cut_connection("consumer-0"); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("have not come back"));
  run.check("away");
}

TEST_CASE("competing consumers come and go", "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  const bool fails = GENERATE(false, true);
  Sweep run({"", strategy});
  run.allow_competing();
  std::vector<std::unique_ptr<SimConsumer>> others;
  others.push_back(run.server().start("other-1", kQueue));
  others.push_back(run.server().start("other-2", kQueue));
  run.server().settle();
  run.before("checkpoint consumer-0", [&] { others.erase(others.begin()); });
  run.before("import", [&] {
    others.push_back(run.server().start("other-3", kQueue));
    others.push_back(run.server().start("other-4", kQueue));
  });
  if (fails) run.nodes().fail_restore_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == (fails ? Result::undone : Result::done));
  CHECK(run.outcome()->error.find("came to app.events") == std::string::npos);
  CHECK(run.outcome()->leftovers.empty());
  CHECK(run.nodes().debris() == std::vector<std::string>{});
  for (int i = 0; i < 5; ++i) run.server().settle();
  CHECK(run.server().consumers(kQueue) ==
        std::set<std::string>{"other-2", "other-3", "other-4", run.nodes().survivor()});
}

TEST_CASE("a source that has connected again is not taken for its copy", "[sweep]") {
  const bool named = GENERATE(true, false);
  Sweep run({"", Strategy::handoff});
  run.server().set_admin_reachable(named);
  run.nodes().hang_restored_on("worker-2");
  run.cut_at("import", true);
  run.restored_within(Millis{500});
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("runs and does not come to ms2m."));
  run.check("the source and its ghost");
}

TEST_CASE("a frozen source is killed when its kubelet ends it, also one that says so in its own list only", "[sweep]") {
  const std::string owner = GENERATE("", "ReplicaSet");
  Sweep run({owner, Strategy::handoff, Protocol::none});
  run.nodes().old_kubelet_on("worker-1");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::done);
  run.check("old kubelet");
}

TEST_CASE("a frozen source whose kubelet is cut off is not killed: it would be started again, cold", "[sweep]") {
  Sweep run({"", Strategy::handoff, Protocol::none});
  run.nodes().cut_off_kubelet_of("worker-1");
  run.retired_within(Millis{700});
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::cleanup_incomplete);
  CHECK(run.outcome()->serving.who == ServedBy::target);
  for (int i = 0; i < 5; ++i) run.server().settle();
  CHECK(run.server().consumers(kQueue).size() == 1);
  CHECK(run.server().consumers(kQueue) != std::set<std::string>{"consumer-0"});
  run.nodes().cut_off_kubelet_of("");
  run.recover();
  run.check("cut off");
}

TEST_CASE("a copy that hangs after the pivot is withdrawn, and the source has the queue back", "[sweep]") {
  const Case c = GENERATE(Case{"", Strategy::handoff}, Case{"ReplicaSet", Strategy::handoff},
                          Case{"", Strategy::shadow}, Case{"StatefulSet", Strategy::shadow});
  const bool crash = GENERATE(false, true);
  Sweep run(c);
  run.serves_within(Millis{300});
  run.before("pivot ", [&] { run.nodes().hang_on("worker-2"); });
  if (crash) {
    run.crash_after("pivot ");
    run.run(Fault::none, 0);
    run.recover();
  } else {
    run.run(Fault::none, 0);
  }
  const Outcome outcome = (crash ? run.recovered() : run.outcome()).value();
  CHECK(outcome.result == Result::undone);
  CHECK(exit_status(outcome) == 1);
  CHECK(to_string(outcome.serving) == "source pod default/consumer-0 on worker-1");
  CHECK_THAT(outcome.error, Catch::Contains("did not consume app.events after the hand-over") &&
                                Catch::Contains("before it had taken anything; the source has the queue back"));
  REQUIRE_FALSE(outcome.undone.empty());
  CHECK_THAT(outcome.undone.front(), Catch::Contains("withdraw pod default/"));
  run.check("hung");
}

namespace {

constexpr const char* kNothingTaken = "before it had taken anything";

/// The pivot's copy on worker-2 does nothing, and what is said of it must be so, whatever is in the way of its freeze.
struct Hung : Sweep {
  explicit Hung(const Case& c = {"", Strategy::handoff}) : Sweep(c) {
    serves_within(Millis{300});
    before("pivot ", [this] { nodes().hang_on("worker-2"); });
  }
  std::string copy() const { return outcome()->target_pod; }
  /// The copy is there, the source is there and quiet, and the outcome says that it is not known who serves.
  void check_left_as_it_was(const std::string& why) {
    INFO(outcome()->error << "; serving " << to_string(outcome()->serving));
    CHECK(outcome()->result == Result::leftovers);
    CHECK(outcome()->resumable);
    CHECK(nodes().pods().size() == 2);
    CHECK(outcome()->undone.empty());
    CHECK(outcome()->serving.who == ServedBy::uncertain);
    CHECK_THAT(to_string(outcome()->serving), Catch::Contains("nobody for certain: ") && Catch::Contains(why));
    CHECK_THAT(outcome()->error, Catch::Contains(why) && !Catch::Contains(kNothingTaken));
    REQUIRE_FALSE(outcome()->leftovers.empty());
    CHECK(outcome()->leftovers.front().command == "ms2m resume " + outcome()->id);
  }
  void work_a_while() {
    for (int i = 0; i < 5; ++i) server().settle();
  }
};

}  // namespace

TEST_CASE("a copy that cannot be frozen is not withdrawn: it could begin to consume", "[sweep]") {
  // The node cannot be reached; and the freeze is done, but its answer does not come.
  const Fault fault = GENERATE(Fault::fail_before, Fault::fail_after);
  const Case c = GENERATE(Case{"", Strategy::handoff}, Case{"ReplicaSet", Strategy::shadow});
  Hung run(c);
  run.fault_at("freeze");
  run.before("remove consumer-0-", [&] {
    run.nodes().wake_on("worker-2");
    run.work_a_while();
  });
  run.run(fault, 0);
  run.check_left_as_it_was("could not be made certain (injected fault)");
  // Its command is still there, or was sent again: it serves as soon as it can.
  run.nodes().wake_on("worker-2");
  run.work_a_while();
  CHECK(run.server().consumers(kQueue) == std::set<std::string>{run.copy()});
  run.recover();
  CHECK(run.recovered()->result == Result::done);
  run.check("not frozen");
}

TEST_CASE("a copy that cannot be frozen now is withdrawn by a resume that can", "[sweep]") {
  Hung run;
  run.fault_at("freeze");
  run.run(Fault::fail_before, 0);
  run.recover();
  CHECK(run.recovered()->result == Result::undone);
  CHECK_THAT(run.recovered()->error, Catch::Contains(kNothingTaken));
  run.check("frozen by the resume");
}

TEST_CASE("a container that is not found on its node is not taken for one that has ended", "[sweep]") {
  Hung run;
  run.before("freeze", [&] { run.nodes().hide_processes_on("worker-2"); });
  run.run(Fault::none, 0);
  run.check_left_as_it_was("was not found on node worker-2, and its kubelet says that it runs");
  run.nodes().hide_processes_on("");
  run.recover();
  run.check("not found");
}

TEST_CASE("a copy whose container ends while it is withdrawn: no other one gets the command", "[sweep]") {
  // Ended before the freeze, or frozen and killed; started again before the freeze, or before the kubelet ends the pod.
  const bool frozen = GENERATE(true, false);
  const bool at_once = GENERATE(true, false);
  Hung run;
  const auto end = [&] {
    if (at_once) run.nodes().hang_restored_on("worker-2");
    at_once ? run.nodes().restart_on("worker-2") : run.nodes().end_on("worker-2");
  };
  run.before("freeze", [&] { frozen ? run.before("purge", end) : end(); });
  run.before("remove consumer-0-", [&] {
    if (!at_once) run.nodes().start_ended_on("worker-2");
    run.work_a_while();
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.outcome()->leftovers.empty());
  // The one that was started before the freeze was frozen, too.
  const bool proven = at_once && !frozen;
  CHECK_THAT(run.outcome()->error, Catch::Contains(proven ? kNothingTaken : "not all of it was frozen until its end"));
  CHECK_THAT(run.outcome()->error, Catch::Contains("the source has the queue back"));
  run.check("ended");
}

TEST_CASE("a copy whose freeze ends with the session: before its deletion it stays, after it it does not wake up",
          "[sweep]") {
  const std::string at = GENERATE("purge", "remove consumer-0-", "kill");
  Hung run;
  const auto end_sessions = [&] {
    run.nodes().wake_on("worker-2");
    run.nodes().end_sessions();
    run.work_a_while();
  };
  run.before("freeze", [&] { run.before(at, end_sessions); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == (at == "purge" ? Result::done : Result::undone));
  run.check("session ended at " + at);
}

TEST_CASE("a copy that is frozen and consumes after all serves", "[sweep]") {
  const bool crash = GENERATE(false, true);
  Hung run;
  run.before("freeze", [&] {
    run.nodes().wake_on("worker-2");
    run.work_a_while();
  });
  if (crash) run.crash_after("pivot ");
  run.run(Fault::none, 0);
  if (crash) run.recover();
  const Outcome outcome = (crash ? run.recovered() : run.outcome()).value();
  CHECK(outcome.result == Result::done);
  CHECK_THAT(to_string(outcome.serving), Catch::StartsWith("target pod"));
  run.check("consumes after all");
}

TEST_CASE("a copy that may have worked since the hand-over is not withdrawn, and what it did is not called nothing",
          "[sweep]") {
  const bool crash = GENERATE(true, false);
  const bool comes_back = GENERATE(true, false);
  Sweep run({"", Strategy::handoff});
  run.serves_within(Millis{300});
  const auto work_and_hang = [&] {
    for (int i = 0; i < 5; ++i) run.server().settle();
    for (const std::string& pod : run.nodes().pods()) run.server().cut_connection(pod.substr(0, pod.find('@')));
    run.nodes().hang_on("worker-2");
  };
  if (crash) {
    run.crash_after("pivot ");
    run.run(Fault::none, 0);
    work_and_hang();
    run.recover();
  } else {
    run.before("pivot ", [&] { run.fail_at("depth app.events", work_and_hang); });
    run.run(Fault::none, 0);
  }
  const Outcome first = (crash ? run.recovered() : run.outcome()).value();
  INFO(first.error);
  CHECK(first.result == Result::leftovers);
  CHECK_THAT(to_string(first.serving),
             Catch::StartsWith("nobody for certain: ") && Catch::Contains("may have since the hand-over"));
  CHECK_THAT(first.remedy, Catch::Contains("delete pod " + first.target_pod + " && ms2m resume " + first.id));
  REQUIRE(run.nodes().pods().size() == 2);
  if (comes_back)
    run.nodes().wake_on("worker-2");
  else
    run.nodes().lose_pod(first.target_pod);
  run.recover();
  CHECK(run.recovered()->result == (comes_back ? Result::done : Result::undone));
  if (comes_back)
    run.check("worked before");
  else
    CHECK_THAT(run.recovered()->error, Catch::Contains("and with it what it had done"));
}

TEST_CASE("withdrawing a copy survives every fault", "[sweep]") {
  const Case c = GENERATE(Case{"", Strategy::handoff}, Case{"ReplicaSet", Strategy::shadow});
  const std::string at =
      GENERATE("freeze", "purge ms2m.control.consumer-0-", "condemn", "remove consumer-0-", "kill", "thaw");
  for (const Fault fault : {Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after}) {
    Hung run(c);
    run.fault_at(at);
    run.before("remove consumer-0-", [&] {
      run.nodes().wake_on("worker-2");
      run.work_a_while();
    });
    run.run(fault, 0);
    run.recover();
    // It hangs, and whether it has done anything is not known to the second process: its owner gives it up.
    const std::vector<std::string> pods = run.nodes().pods();
    if (pods.size() == 2) {
      CHECK(run.recovered()->result == Result::leftovers);
      run.nodes().lose_pod(run.recovered()->target_pod);
      run.recover();
    }
    run.check(fmt::format("{} {}", word(fault), at));
  }
}

TEST_CASE("a copy that was started again before it served gets the message again; not when it lacks what was relayed",
          "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Sweep run({"", strategy});
  run.serves_within(Millis{10000});
  run.before("pivot ", [&] {
    run.nodes().hang_on("worker-2");
    run.before("get consumer-0-", [&] {
      // It has taken the message and ended.
      FakeBroker broker(run.server());
      for (const std::string& queue : run.server().queues())
        if (queue.starts_with("ms2m.control.consumer-0-")) broker.purge_queue(queue, StopToken());
      run.nodes().restart_on("worker-2");
    });
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == (strategy == Strategy::handoff ? Result::done : Result::undone));
  if (strategy == Strategy::shadow) CHECK_THAT(run.outcome()->error, Catch::Contains("was started again"));
  run.check("started again");
}

TEST_CASE("by the runtime handler, a copy that ends before the pivot stays so, and the move is undone",
          "[sweep][handler]") {
  Sweep run(by_handler({"", Strategy::shadow}));
  run.before("stop pump", [&] { run.nodes().restart_on("worker-2"); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.nodes().survivor() == "consumer-0");
  run.check("ended before the pivot");
}

TEST_CASE("by the runtime handler, a copy that ends before its node is told of the pivot gives the queue back",
          "[sweep][handler]") {
  Sweep run(by_handler(GENERATE(Case{"", Strategy::handoff}, Case{"", Strategy::shadow},
                                Case{"ReplicaSet", Strategy::handoff}, Case{"StatefulSet", Strategy::shadow},
                                from_checkpoint({"", Strategy::replay}))));
  run.crash_after("pivot ");
  run.run(Fault::none, 0);
  REQUIRE_FALSE(run.outcome());
  run.nodes().restart_on("worker-2");
  run.recover();
  INFO(run.recovered()->error);
  CHECK(run.recovered()->result == Result::undone);
  CHECK_THAT(run.recovered()->error, Catch::Contains("and with it what it had done"));
  CHECK(run.nodes().pods() == std::vector<std::string>{"consumer-0@worker-1"});
  for (int i = 0; i < 5; ++i) run.server().settle();
  CHECK(run.server().consumers(kQueue) == std::set<std::string>{"consumer-0"});
}

TEST_CASE("by the runtime handler, a copy that starts anew after the pivot is said to have done so",
          "[sweep][handler]") {
  Sweep run(by_handler({"", GENERATE(Strategy::handoff, Strategy::shadow)}));
  run.crash_after("done restore");
  run.run(Fault::none, 0);
  REQUIRE_FALSE(run.outcome());
  run.nodes().restart_on("worker-2");
  run.recover();
  const Outcome found = run.recovered().value();
  INFO(found.error);
  CHECK(found.result == Result::undone);
  CHECK(found.serving.who == ServedBy::started_anew);
  CHECK_THAT(found.error, Catch::Contains("and its state with it"));
}

TEST_CASE("by the runtime handler, a node that is not told of the pivot hears of it when the move is finished",
          "[sweep][handler]") {
  Sweep run(by_handler({"", GENERATE(Strategy::handoff, Strategy::shadow)}));
  run.fail_at("done restore", [] {});
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::done);
  run.check("told later");
}

TEST_CASE("by the runtime handler, a node that cannot be told of the pivot keeps nobody from the queue",
          "[sweep][handler]") {
  Sweep run(by_handler({GENERATE("", "StatefulSet"), Strategy::handoff}));
  for (int n = 0; n < 6; ++n) run.before("done restore", [] { throw Error(ErrorKind::unavailable, "injected fault"); });
  run.run(Fault::none, 0);
  INFO(run.outcome()->error << "; serving " << to_string(run.outcome()->serving));
  CHECK(run.outcome()->result == Result::cleanup_incomplete);
  CHECK(run.outcome()->serving.who == ServedBy::target);
  CHECK(run.server().consumers(kQueue) == std::set<std::string>{run.outcome()->target_pod});
  REQUIRE(run.outcome()->leftovers.size() == 1);
  CHECK(run.outcome()->leftovers.front().command == "ms2m resume " + run.outcome()->id);
  for (int n = 0; n < 6; ++n) run.recover();
  CHECK(run.recovered()->result == Result::done);
  run.check("told much later");
}

TEST_CASE("by the runtime handler, a kubelet that has given a waiting create up is no failure", "[sweep][handler]") {
  Sweep run(by_handler(GENERATE(Case{"", Strategy::handoff}, Case{"", Strategy::shadow},
                                Case{"StatefulSet", Strategy::handoff}, Case{"", Strategy::handoff, Protocol::none})));
  run.nodes().give_up_creates(GENERATE("CreateContainerError", "RunContainerError"));
  run.run(Fault::none, 0);
  INFO(run.outcome()->error);
  CHECK(run.outcome()->result == Result::done);
  run.check("asked again");
}

TEST_CASE("by the runtime handler, what was prepared long ago is prepared again by a resume", "[sweep][handler]") {
  Sweep run(by_handler({"StatefulSet", Strategy::handoff}));
  run.crash_after("pivot ");
  run.run(Fault::none, 0);
  run.nodes().expire_restores();
  run.recover();
  INFO(run.recovered()->error);
  CHECK(run.recovered()->result == Result::done);
  CHECK(run.nodes().pods() == std::vector<std::string>{"consumer-0@worker-2"});
  run.check("a day later");
}

TEST_CASE("by the runtime handler, without the control protocol, a completed copy that is lost gives the queue back",
          "[sweep][handler]") {
  Sweep run(by_handler({GENERATE("", "ReplicaSet"), Strategy::handoff, Protocol::none}));
  run.crash_after("done restore");
  run.run(Fault::none, 0);
  REQUIRE_FALSE(run.outcome());
  for (const std::string& pod : run.nodes().pods())
    if (pod.ends_with("@worker-2")) run.nodes().lose_pod(pod.substr(0, pod.find('@')));
  run.recover();
  INFO(run.recovered()->error);
  CHECK(run.recovered()->result == Result::undone);
  CHECK(run.nodes().pods() == std::vector<std::string>{"consumer-0@worker-1"});
  for (int i = 0; i < 5; ++i) run.server().settle();
  CHECK(run.server().consumers(kQueue) == std::set<std::string>{"consumer-0"});
}

TEST_CASE("by the runtime handler, without the control protocol, a copy that ends before it was completed starts anew",
          "[sweep][handler]") {
  Sweep run(by_handler({"", Strategy::handoff, Protocol::none}));
  run.crash_after("open valve");
  run.run(Fault::none, 0);
  REQUIRE_FALSE(run.outcome());
  run.nodes().restart_on("worker-2");
  run.recover();
  INFO(run.recovered()->error);
  CHECK(run.recovered()->result == Result::done);
  CHECK(run.server().consumers(kQueue) == std::set<std::string>{run.recovered()->target_pod});
}

TEST_CASE("by the runtime handler, without the control protocol, a copy that waits is no hindrance to a thaw",
          "[sweep][handler]") {
  Sweep run(by_handler({"", Strategy::handoff, Protocol::none}));
  run.fail_at("close connection", [] {});
  run.run(Fault::none, 0);
  INFO(run.outcome()->error);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.outcome()->leftovers.empty());
  run.check("thawed");
}

TEST_CASE("a copy that was started again before the pivot is not given the queue", "[sweep]") {
  Sweep run({"", Strategy::shadow});
  run.before("stop pump", [&] { run.nodes().restart_on("worker-2"); });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("was started again"));
  run.check("started again");
}

TEST_CASE("a restored process that ends is not waited for", "[sweep]") {
  const bool handler = GENERATE(false, true);
  Case c{"", Strategy::handoff};
  c.handler = handler;
  Sweep run(c);
  run.nodes().end_restored_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains(handler ? "the restored container ended with exit code 137"
                                                           : "the restored container ended with exit code 1"));
  run.check("ended");
}

TEST_CASE("a right that the broker's user lacks is told before anything is touched", "[case-19]") {
  Sweep run({"", Strategy::handoff});
  run.server().forbid({BrokerAccess::configure});
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::refused);
  CHECK(run.outcome()->error.find("may not configure queue ms2m.") != std::string::npos);
  run.check("right");
}

TEST_CASE("a policy whose pattern cannot be judged is asked of the queues, before the source is touched", "[case-02]") {
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow}) {
    Sweep run({"", strategy});
    run.server().set_policy({{"message-ttl", 2000}}, false);
    run.run(Fault::none, 0);
    CHECK(run.outcome()->result == Result::undone);
    CHECK(run.outcome()->error.find("sets message-ttl = 2000") != std::string::npos);
    const auto calls = run.server().calls();
    CHECK(std::none_of(calls.begin(), calls.end(),
                       [](const std::string& call) { return call == "publish ms2m.control.consumer-0"; }));
    run.check("policy");
  }
  Sweep harmless({"", Strategy::shadow});
  harmless.server().set_policy({{"ha-mode", "all"}}, false);
  harmless.run(Fault::none, 0);
  CHECK(harmless.outcome()->result == Result::done);
}

TEST_CASE("a broker that makes quorum queues of ms2m's own", "[sweep]") {
  Sweep shadow({"", Strategy::shadow}), handoff({"", Strategy::handoff});
  shadow.server().set_default_type("quorum");
  shadow.run(Fault::none, 0);
  CHECK(shadow.outcome()->result == Result::undone);
  CHECK(shadow.outcome()->error.find("the relay needs classic ones") != std::string::npos);
  shadow.check("shadow with quorum queues");
  handoff.server().set_default_type("quorum");
  handoff.run(Fault::none, 0);
  CHECK(handoff.outcome()->result == Result::done);
  handoff.check("handoff with quorum queues");
}

TEST_CASE("a pod that keeps its name and that the target cannot restore is brought back on the source", "[sweep]") {
  const Case c = GENERATE(Case{"StatefulSet", Strategy::handoff}, Case{"StatefulSet", Strategy::sequential},
                          Case{"", Strategy::sequential}, by_handler({"StatefulSet", Strategy::handoff}));
  Sweep run(c);
  run.nodes().fail_restore_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK(run.nodes().pods() == std::vector<std::string>{"consumer-0@worker-1"});
  run.check("failed restore of a set's pod");
}

TEST_CASE(
    "a copy that is lost after the pivot: the source takes the queue back while it can, and who serves is told as it "
    "is",
    "[sweep]") {
  const Case c = GENERATE(
      Case{"", Strategy::handoff}, Case{"ReplicaSet", Strategy::handoff}, Case{"", Strategy::shadow},
      Case{"StatefulSet", Strategy::shadow}, Case{"StatefulSet", Strategy::handoff}, Case{"", Strategy::sequential},
      Case{"", Strategy::handoff, Protocol::none}, by_handler({"", Strategy::handoff}),
      by_handler({"ReplicaSet", Strategy::shadow}), by_handler({"StatefulSet", Strategy::shadow}),
      by_handler({"StatefulSet", Strategy::handoff}), by_handler({"", Strategy::handoff, Protocol::none}));
  for (const int at : {1, 4, 6, 9, 20, 44}) {
    Sweep run(c);
    if (!run.run_and_lose_target(at)) continue;
    run.check_loss(fmt::format("copy of a {} lost before call {}", c.owner, at));
    const bool early = at == 1;
    if (early) CHECK(run.server().consumers(kQueue) == std::set<std::string>{"consumer-0"});
    if (early) CHECK(to_string(run.outcome()->serving) == "source pod default/consumer-0 on worker-1");
    if (early) CHECK(exit_status(*run.outcome()) == 1);
  }
}

TEST_CASE("a restored pod that is lost before it consumes is restored again", "[sweep]") {
  const Case c = GENERATE(Case{"StatefulSet", Strategy::handoff}, Case{"", Strategy::sequential},
                          by_handler({"StatefulSet", Strategy::handoff}));
  Sweep run(c);
  REQUIRE(run.run_and_lose_target(1, "publish ms2m.control."));
  CHECK(run.outcome()->result == Result::done);
  run.check("restored again");
}

TEST_CASE("a target that is not Ready when everything else is done: a warning, and it is done all the same",
          "[sweep]") {
  Sweep run({"StatefulSet", Strategy::handoff});
  run.nodes().never_ready_on("worker-2");
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::done);
  CHECK(to_string(run.outcome()->serving) == "target pod default/consumer-0 on worker-2, not Ready yet");
  CHECK(run.warnings().back() == "pod default/consumer-0 consumes app.events and is not Ready yet");
  run.check("not ready");
  Sweep ready({"StatefulSet", Strategy::handoff});
  ready.run(Fault::none, 0);
  CHECK(to_string(ready.outcome()->serving) == "target pod default/consumer-0 on worker-2");
  CHECK(ready.warnings().size() + 1 == run.warnings().size());
}

TEST_CASE("archives of a kubelet with another root directory leave nothing behind", "[sweep][case-03]") {
  const Case c = GENERATE(Case{"", Strategy::handoff}, Case{"StatefulSet", Strategy::sequential});
  for (const Fault fault :
       {Fault::none, Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after})
    for (const char* at : {"checkpoint", "remove archive"}) {
      Sweep run(c);
      run.nodes().set_kubelet_root("/data/kubelet");
      run.fault_at(at);
      run.run(fault, 0);
      run.recover();
      run.check(fmt::format("{} {}", word(fault), at));
    }
}

TEST_CASE("archives that somebody else makes meanwhile stay", "[sweep][case-03]") {
  const Fault fault =
      GENERATE(Fault::none, Fault::fail_before, Fault::fail_after, Fault::crash_before, Fault::crash_after);
  Sweep run({"", Strategy::handoff});
  std::vector<std::string> theirs{run.nodes().make_archive("worker-1", "consumer-0", -3600)};
  // Beside the lost answer's own only what was made in the same seconds counts.
  run.before("checkpoint", [&] { theirs.push_back(run.nodes().make_archive("worker-1", "consumer-0", -2)); });
  if (fault == Fault::none)
    run.before("import", [&] { theirs.push_back(run.nodes().make_archive("worker-1", "consumer-0", 1)); });
  theirs.push_back(run.nodes().make_archive("worker-1", "consumer-0", 3600));
  run.fault_at("checkpoint");
  run.run(fault, 0);
  run.recover();
  std::sort(theirs.begin(), theirs.end());
  CHECK(run.nodes().archives("worker-1") == theirs);
  CHECK((run.recovered() ? run.recovered() : run.outcome())->leftovers.empty());
}

TEST_CASE("a lost archive that cannot be told from somebody else's is named, not removed", "[sweep][case-03]") {
  Sweep run({"", Strategy::handoff});
  run.before("checkpoint", [&] { run.nodes().make_archive("worker-1", "consumer-0", 3); });
  run.fault_at("checkpoint");
  run.run(Fault::fail_after, 0);
  const auto archives = run.nodes().archives("worker-1");
  REQUIRE(archives.size() == 2);
  CHECK(run.outcome()->result == Result::leftovers);
  REQUIRE(run.outcome()->leftovers.size() == 1);
  for (const std::string& path : archives) CHECK_THAT(run.outcome()->leftovers[0].what, Catch::Contains(path));
}

TEST_CASE("a scale-up in the middle is noticed, and named", "[sweep][case-07]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Sweep run({"ReplicaSet", strategy});
  run.before("import", [&] {
    run.nodes().scale("rs/web-1", 2);
    run.nodes().start_pod("consumer-1", kQueue, "");
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("web-1 was scaled from 1 to 2 in the middle"));
  CHECK_FALSE(run.outcome()->remedy.empty());
}

TEST_CASE("what fails because ms2m stood still is not called the cause", "[sweep]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Sweep run({"ReplicaSet", strategy});
  run.fail_at("import", [&] {
    for (const std::string& queue : run.server().queues())
      if (queue.ends_with(".deadman")) run.server().fire_dead_man(queue);
  });
  run.run(Fault::none, 0);
  CHECK(run.outcome()->result == Result::undone);
  CHECK_THAT(run.outcome()->error, Catch::Contains("the dead man's switch has fired"));
}

TEST_CASE("what a moved pod has left goes when the pod is gone", "[sweep]") {
  const bool by_cleanup = GENERATE(true, false);
  Sweep first({"", Strategy::handoff});
  first.run(Fault::none, 0);
  REQUIRE(first.outcome()->result == Result::done);
  const std::string moved = first.outcome()->target_pod;
  const std::string queue = "ms2m.control." + moved;
  FakeNodes& nodes = first.nodes();
  const auto names = [&] {
    std::vector<std::string> found;
    for (const std::string& name : nodes.image_names("worker-2"))
      if (name != "base") found.push_back(name);
    return found;
  };
  REQUIRE(names().size() == 1);
  const auto queues = [&] { return first.server().queues(); };
  const auto has = [&](const std::string& name) {
    const auto all = queues();
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  REQUIRE(has(queue));
  // Somebody else's, of a pod that cannot be seen from here; and one that leads to a checkpoint still.
  first.server().declare("ms2m.control.others-0");
  nodes.name_image("worker-2", "localhost/ms2m/others-0:abc234", true);
  nodes.name_image("worker-2", "localhost/ms2m/gone-0:abc234", false);
  nodes.name_image("worker-2", "localhost/other/app:1", false);

  // While it lives nothing of it is touched.
  first.cleanup(first.outcome()->id);
  CHECK(has(queue));
  CHECK(names() == std::vector<std::string>{"localhost/ms2m/" + moved + ":" + first.outcome()->id,
                                            "localhost/ms2m/others-0:abc234", "localhost/other/app:1"});
  nodes.lose_pod(moved);
  nodes.start_pod("consumer-0", kQueue, "");
  first.run(Fault::none, 0);
  REQUIRE(first.outcome()->result == Result::done);
  if (by_cleanup) first.cleanup(first.outcome()->id);
  CHECK_FALSE(has(queue));
  CHECK(has("ms2m.control." + first.outcome()->target_pod));
  CHECK(has("ms2m.control.others-0"));
  CHECK(names() == std::vector<std::string>{"localhost/ms2m/" + first.outcome()->target_pod + ":" + first.outcome()->id,
                                            "localhost/ms2m/others-0:abc234", "localhost/other/app:1"});
}

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// What follows `before` up to one of `",}`.
std::string value_after(const std::string& text, const std::string& before) {
  const std::size_t at = text.find(before);
  return at == std::string::npos
             ? ""
             : text.substr(at + before.size(), text.find_first_of("\",}", at + before.size()) - at - before.size());
}

/// A recorded journal, with the names and times of another run of the same migration.
std::string recorded_as(const std::string& name, const std::string& run) {
  std::string text = text_of(std::string(MS2M_TEST_DATA) + "/journals/" + name + ".jsonl");
  const std::string id = value_after(text, "\"id\":\""), now = value_after(run, "\"id\":\"");
  replace_all(text, id, now);
  replace_all(text, id.substr(0, 5), now.substr(0, 5));  // in the name of a ReplicaSet's pod
  for (const std::string before : {"\"holder\":\"", "-default-consumer-", "_default-consumer-", "\"asked\":"})
    if (const std::string then = value_after(text, before); !then.empty())
      replace_all(text, then, value_after(run, before));
  return text;
}

}  // namespace

// Journals of version 1, each with a case as the fakes have it: where it ends, that ms2m died.
TEST_CASE("journals of the first version are read as the same operations, and carried out", "[sweep][journal]") {
  struct Recorded {
    const char* name;
    Case c;
    const char* died_after;
  };
  const std::vector<Recorded> all{
      {"handoff.before", {"ReplicaSet", Strategy::handoff}, "import"},
      {"handoff.after", {"ReplicaSet", Strategy::handoff}, "pivot "},
      {"handoff-pod.after", {"", Strategy::handoff}, "pivot "},
      {"shadow.before", {"", Strategy::shadow}, "stop pump"},
      {"shadow.after", {"", Strategy::shadow}, "pivot "},
      {"set-handoff.before", {"StatefulSet", Strategy::handoff}, "import"},
      {"set-handoff.after", {"StatefulSet", Strategy::handoff}, "pivot "},
      {"identity.before", {"StatefulSet", Strategy::shadow}, "stop pump"},
      {"identity.after", {"StatefulSet", Strategy::shadow}, "pivot "},
      {"sequential.before", {"StatefulSet", Strategy::sequential}, "import"},
      {"sequential.after", {"StatefulSet", Strategy::sequential}, "pivot "},
      {"sequential-pod.after", {"", Strategy::sequential}, "pivot "},
      {"uncontrolled.before", {"", Strategy::handoff, Protocol::none}, "close connection"},
      {"uncontrolled.after", {"", Strategy::handoff, Protocol::none}, "point name"},
      {"uncontrolled-set.after", {"ReplicaSet", Strategy::handoff, Protocol::none}, "point name"}};
  for (const Recorded& each : all) {
    INFO(each.name);
    Sweep run(each.c);
    run.crash_after(each.died_after);
    run.run(Fault::none, 0);
    REQUIRE_FALSE(run.outcome());
    const std::filesystem::path file = run.root() / run.id() / "journal.jsonl";
    const auto effects = Journal::read(run.root(), run.id()).effects();
    const std::string text = recorded_as(each.name, text_of(file));
    REQUIRE(value_after(text, "\"v\":") == "1");
    std::ofstream(file) << text;
    const auto recorded = Journal::read(run.root(), run.id()).effects();
    REQUIRE(recorded.size() == effects.size());
    const auto record = [](const std::optional<Operation>& operation) {
      Json written = operation ? record_of(*operation) : Json();
      if (written.contains("settings")) written["settings"].erase("allow_reorder");  // there was such an option
      if (!written.is_object()) return written;
      if (written.at("op") == "remove_archives") written.erase("container_id");  // nor whose checkpoint is waited for
      if (written.at("op") == "adopt") written.erase("hold");                    // an adoption knew no hold queue
      if (written.at("op") == "delete_queue")                                    // nor a queue whose it was
        for (const char* whose : {"ns", "pod", "uid", "primary", "tee"}) written.erase(whose);
      for (const char* how : {"still", "gently", "at_once"}) written.erase(how);  // nothing said how a source ends
      return written;
    };
    for (std::size_t i = 0; i < effects.size(); ++i) {
      CHECK(record(recorded[i].undo) == record(effects[i].undo));
      CHECK(record(recorded[i].finish) == record(effects[i].finish));
      CHECK(recorded[i].settled == effects[i].settled);
    }
    run.recover();
    REQUIRE(run.recovered());
    CHECK(run.recovered()->leftovers.empty());
    const bool moved = std::string(each.name).find(".after") != std::string::npos;
    CHECK(run.recovered()->result == (moved ? Result::done : Result::undone));
    run.check(each.name);
  }
}
