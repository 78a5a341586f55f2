// What `ms2m plan` prints is what `ms2m migrate` does: for every procedure that there is, the plan's lines against the
// events of a real move on the fakes, and its undo and finish against what stands in the journal.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"
#include "undo/operations.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kQueue = "app.events";

/// What a move says that it does.
class Steps final : public Observer {
 public:
  void on(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (event.type == Event::Type::step) lines.push_back(event.text);
  }
  std::vector<std::string> lines;

 private:
  std::mutex mutex_;
};

class NoHooks final : public Hooks {
  void run(const Hook&, const Outcome&, const StopToken&) override {}
};

struct Case {
  std::string owner;
  Strategy strategy;
  Protocol protocol = Protocol::control;
  Replay replay = Replay::exact;
  Prefer prefer = Prefer::total;
  bool handler = false;
  CheckpointBy checkpoint = CheckpointBy::kubelet;
  unsigned rounds = 0;
  Pages pages = Pages::files;
  Carriage carriage = Carriage::relay;
  bool saturated = false;                         ///< a consumer that polls, or knows no control queue, with a backlog
  std::optional<SourceExit> exit = std::nullopt;  ///< these have hooks, too
  std::string from{};                             ///< in a stream
};

/// Every combination that is not refused.
std::vector<Case> every_procedure() {
  std::vector<Case> all;
  for (const char* owner : {"", "ReplicaSet", "StatefulSet"}) {
    const bool set = std::string(owner) == "StatefulSet";
    all.push_back({owner, Strategy::handoff});
    all.push_back({owner, Strategy::shadow});
    if (std::string(owner) != "ReplicaSet") all.push_back({owner, Strategy::sequential});
    all.push_back({owner, Strategy::handoff, Protocol::none});
    if (set) continue;
    all.push_back({owner, Strategy::handoff, Protocol::control, Replay::fanout});
  }
  for (Case each : std::vector<Case>(all)) {
    if (each.strategy == Strategy::sequential || each.replay == Replay::fanout) continue;
    each.saturated = true;
    all.push_back(each);
  }
  all.push_back({"ReplicaSet", Strategy::handoff, Protocol::control, Replay::exact, Prefer::gap});
  all.push_back({"", Strategy::shadow, Protocol::control, Replay::exact, Prefer::gap});
  all.push_back({"", Strategy::replay});
  Case reads_on{"", Strategy::replay};
  reads_on.from = kFromCheckpoint;
  all.push_back(reads_on);
  Case from_node_to_node{"", Strategy::handoff};
  from_node_to_node.carriage = Carriage::direct;
  all.push_back(from_node_to_node);
  for (Case each : std::vector<Case>(all)) {  // not as it is by default
    if (each.protocol == Protocol::none || each.saturated) continue;
    each.exit = each.strategy == Strategy::sequential ? SourceExit::kill : SourceExit::graceful;
    all.push_back(each);
  }
  for (const char* owner : {"ReplicaSet", "StatefulSet"}) {
    Case through_registry{owner, owner[0] == 'S' ? Strategy::sequential : Strategy::shadow};
    through_registry.carriage = Carriage::registry;
    all.push_back(through_registry);
  }
  // By the runtime handler: all but the published ones.
  for (Case each : std::vector<Case>(all)) {
    const bool fresh = each.strategy == Strategy::replay && each.from.empty();
    if (each.strategy == Strategy::sequential || fresh || each.replay == Replay::fanout) continue;
    each.handler = true;
    all.push_back(each);
    each.rounds = 2;
    all.push_back(each);
    each.rounds = 0;
    // By the node's own runtime: all whose source stays until the copy is there.
    if (each.owner == "StatefulSet" && each.strategy == Strategy::handoff) continue;
    each.checkpoint = CheckpointBy::runtime;
    all.push_back(each);
    if (each.strategy != Strategy::handoff || each.protocol == Protocol::none) continue;
    each.pages = Pages::stream;
    all.push_back(each);
    each.pages = Pages::lazy;
    all.push_back(each);
  }
  return all;
}

/// One world, and a pod in it that is planned and then moved.
class Moved {
 public:
  explicit Moved(const Case& c) : nodes_(server_), broker_(server_), ports_(nodes_, broker_) {
    std::string name = "/tmp/ms2m-plan-XXXXXX";
    root_ = ::mkdtemp(name.data());
    server_.declare(kQueue, c.strategy == Strategy::replay ? "stream" : "classic");
    broker_.declare_fanout("orders", {});
    broker_.bind_queue(kQueue, "orders", "", {});
    ConsumerOptions options;
    options.stream = c.strategy == Strategy::replay;
    if (options.stream) server_.publish(kQueue, "w0");  // there must be a state
    if (c.protocol == Protocol::none) {
      options.control = ConsumerOptions::Control::none;
      nodes_.set_eager_kubelet();
    }
    if (c.handler) nodes_.set_up_handler();
    if (c.saturated) {
      if (c.protocol == Protocol::control) options.control = ConsumerOptions::Control::polls;
      options.per_settle = 1;
    }
    nodes_.start_pod("consumer-0", kQueue, c.owner, options);
    for (int i = 0; c.saturated && i < 1000; ++i) server_.publish(kQueue, "w" + std::to_string(i));
    const int every = c.protocol == Protocol::none ? 7 : 1;
    server_.set_producer([this, every](FakeServer& server) {
      if (published_ < 200 && ++settled_ % every == 0) server.publish(kQueue, "m" + std::to_string(published_++));
    });
    Migrator migrator(ports_.all, JournalStore(root_), steps_, {&hooks_});
    plan_ = migrator.plan(request(c), {});
    outcome_ = migrator.migrate(request(c), {}, {});
  }
  ~Moved() { std::filesystem::remove_all(root_); }

  const Plan& plan() const { return plan_; }
  const Outcome& outcome() const { return outcome_; }
  std::vector<std::string> ran() const { return same(steps_.lines, outcome_.id); }
  std::vector<std::string> planned() const {
    std::vector<std::string> lines;
    for (const PlannedStep& step : plan_.steps) lines.push_back(step.text);
    return same(lines, plan_.id);
  }
  std::set<std::string> planned_undo() const {
    std::vector<std::string> lines;
    for (const PlannedStep& step : plan_.steps)
      if (!step.undo.empty()) lines.push_back(step.undo);
    return as_set(same(lines, plan_.id));
  }
  std::set<std::string> journaled(bool undo) const {
    std::vector<std::string> lines;
    const Journal journal = Journal::read(root_, outcome_.id);
    for (const Effect& effect : journal.effects())
      if (const auto& operation = undo ? effect.undo : effect.finish) lines.push_back(planned_words(*operation));
    return as_set(same(lines, outcome_.id));
  }

  /// What the journal says of each effect, and the lines that have an undo: whoever undoes must find it there.
  std::set<std::string> effects() const {
    std::vector<std::string> lines;
    const Journal journal = Journal::read(root_, outcome_.id);
    for (const Effect& effect : journal.effects()) lines.push_back(effect.text);
    return as_set(same(lines, outcome_.id));
  }
  std::set<std::string> planned_with_undo() const {
    std::vector<std::string> lines;
    for (const PlannedStep& step : plan_.steps)
      if (!step.undo.empty() && step.phase != Phase::finalizing) lines.push_back(step.text);
    return as_set(same(lines, plan_.id));
  }

  static std::set<std::string> as_set(const std::vector<std::string>& lines) { return {lines.begin(), lines.end()}; }

 private:
  static MigrationRequest request(const Case& c) {
    MigrationRequest request;
    request.ns = "default";
    request.pod = "consumer-0";
    request.target_node = "worker-2";
    request.queue = kQueue;
    request.strategy = c.strategy;
    request.from = c.from;
    request.protocol = c.protocol;
    request.replay = c.replay;
    request.prefer = c.prefer;
    request.checkpoint = c.checkpoint;
    request.pages = c.pages;
    request.precopy = c.rounds;
    request.source_exit = c.exit;
    request.carriage = c.carriage;
    if (c.exit)
      request.hooks = {{HookPoint::before_quiet, "a"}, {HookPoint::after_pivot, "b"}, {HookPoint::before_quiet, "c"}};
    if (c.saturated && c.protocol == Protocol::control) request.timeouts.quiet = Seconds(0.1);
    return request;
  }
  /// Without the id, which is another one for every plan; a copy of a ReplicaSet has five letters of it in its name.
  static std::vector<std::string> same(std::vector<std::string> lines, const std::string& id) {
    for (std::string& line : lines)
      for (const std::string& part : {id, id.substr(0, 5)})
        for (auto at = line.find(part); at != std::string::npos; at = line.find(part, at))
          line.replace(at, part.size(), "ID");
    return lines;
  }

  FakeServer server_;
  FakeNodes nodes_;
  FakeBroker broker_;
  FakePorts ports_;
  NoHooks hooks_;
  Steps steps_;
  std::filesystem::path root_;
  int published_ = 0, settled_ = 0;
  Plan plan_;
  Outcome outcome_;
};

std::string text(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::string text(const std::set<std::string>& lines) {
  return text(std::vector<std::string>(lines.begin(), lines.end()));
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("a plan names each exchange that it makes or binds to") {
  std::set<Course> with_one;
  for (const Case& c : every_procedure()) {
    const Moved moved(c);
    const Procedure& procedure = moved.plan().procedure;
    const std::string lines = text(moved.planned());
    INFO(lines);
    if (procedure.course == Course::fanout) {
      CHECK_THAT(lines, Catch::Matchers::Contains("bind it to exchange orders, as"));
    } else if (procedure.relays()) {
      CHECK_THAT(lines, Catch::Matchers::Contains("declare exchange ms2m."));
      CHECK_THAT(lines, Catch::Matchers::Contains("and bind it to exchange ms2m."));
    } else {
      continue;
    }
    with_one.insert(procedure.course);
  }
  CHECK(with_one.size() > 1);
}

TEST_CASE("the lines of a plan are the steps of the move") {
  std::set<Course> courses;
  for (const Case& c : every_procedure()) {
    const Moved moved(c);
    const Procedure& procedure = moved.plan().procedure;
    courses.insert(procedure.course);
    INFO(to_string(procedure.workload) << " course " << static_cast<int>(procedure.course));
    INFO(moved.outcome().error);
    REQUIRE(moved.outcome().result == Result::done);
    const std::vector<std::string> planned = moved.planned(), ran = moved.ran();
    // What is finished on the nodes beside the rest has no order of its own.
    const auto tail = std::find_if(moved.plan().steps.begin(), moved.plan().steps.end(),
                                   [](const PlannedStep& step) { return step.phase == Phase::finalizing; });
    const auto strict = tail - moved.plan().steps.begin();
    CHECK(text(std::vector(ran.begin(), ran.begin() + std::min<std::ptrdiff_t>(strict, std::ssize(ran)))) ==
          text(std::vector(planned.begin(), planned.begin() + strict)));
    CHECK(text(sorted(ran)) == text(sorted(planned)));
    CHECK(text(moved.planned_undo()) == text(moved.journaled(true)));
    for (const std::string& line : moved.planned_with_undo()) {
      INFO(line);
      CHECK(moved.effects().count(line) == 1);
    }
    for (const std::string& line : moved.journaled(false)) {
      INFO(line);
      CHECK(Moved::as_set(planned).count(line) == 1);
    }
    std::cout << "  " << to_string(procedure.workload) << ", " << moved.outcome().strategy << ": " << planned.size()
              << " lines planned, " << ran.size() << " run\n";
  }
  CHECK(courses.size() == 8);
}

TEST_CASE("what every move is waited for fills its time, phase by phase") {
  for (const Case& c : every_procedure()) {
    const Moved moved(c);
    const Measures& measures = moved.outcome().measures;
    INFO(to_string(moved.plan().procedure.workload) << ", " << to_string(moved.plan().procedure.course));
    REQUIRE(moved.outcome().result == Result::done);
    Seconds sum{0};
    Phase phase = Phase::preparing;
    for (const Waited& each : measures.critical_path) {
      CHECK(each.length.count() > 0);
      CHECK(each.phase >= phase);
      CHECK(!each.what.empty());
      phase = each.phase;
      sum += each.length;
    }
    CHECK(phase == Phase::finalizing);
    CHECK(std::abs((sum - measures.total).count()) < 1e-6);
    CHECK(own_time(measures.critical_path) <= measures.total);
  }
}
