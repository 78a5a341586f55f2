// What $MS2M_FAULT does in a build that knows it, and what a journal tells of its entries.
#include "engine/fault_point.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "journal/journal.hpp"
#include "ms2m/error.hpp"
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

using Point = EntryWatch::Point;

std::unique_ptr<EntryWatch> fault(const std::string& value, const StopToken& stop = {}) {
  return fault_point(
      [&](const std::string& name) { return name == "MS2M_FAULT" ? std::optional(value) : std::nullopt; }, stop);
}

std::string word(Point point) {
  switch (point) {
    case Point::begin:
      return "begin";
    case Point::begun:
      return "begun";
    case Point::done:
      return "done";
    case Point::ended:
      return "ended";
  }
  return "";
}

/// Whether the only journal below `root` has the record about which a watch is told so.
bool is_written(const std::filesystem::path& root, std::string_view entry, Point point) {
  const bool ends = point == Point::done || point == Point::ended;
  std::string type = ends ? "settled" : "effect";
  if (entry == "pivot") type = ends ? "pivoted" : "pivot_intent";
  if (entry == "move") type = ends ? "end" : "begin";
  if (entry == "may_have_served") type = entry;
  for (const auto& directory : std::filesystem::directory_iterator(root)) {
    std::ifstream in(directory.path() / "journal.jsonl");
    for (std::string line; std::getline(in, line);) {
      const Json record = Json::parse(line);
      if (record.at("type") == type && (!record.contains("n") || std::to_string(record.at("n").get<int>()) == entry))
        return true;
    }
  }
  return false;
}

/// Keeps what it is told, and whether the journal had it then, and tells it on.
struct Noted final : EntryWatch {
  explicit Noted(const std::filesystem::path& journals) : root(journals) {}
  void at(std::string_view entry, Point point) override {
    {
      const std::lock_guard lock(mutex);
      told.push_back(std::string(entry) + ":" + word(point));
      const bool after = point == Point::begun || point == Point::ended;
      if (is_written(root, entry, point) != after) wrong.push_back(told.back());
    }
    if (next) next->at(entry, point);
  }
  std::size_t times(const std::string& what) const {
    return static_cast<std::size_t>(std::count(told.begin(), told.end(), what));
  }
  std::mutex mutex;
  const std::filesystem::path& root;
  std::vector<std::string> told, wrong;
  EntryWatch* next = nullptr;
};

struct Watched : OnFakes {
  using OnFakes::OnFakes;
  void run(const StopToken& stop = {}) {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), warnings, {nullptr, nullptr, &noted}).migrate(request, {}, stop);
  }
  Noted noted{root};
};

/// How a process ends, or that it stands still, which gets to that entry.
int status_of_child(const std::string& value, int options) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);  // not as the test's framework handles it
    try {
      fault(value)->at("7", Point::begun);
    } catch (...) {
    }
    ::_exit(3);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, options) == child);
  if (WIFSTOPPED(status)) {
    ::kill(child, SIGCONT);
    int ended = 0;
    REQUIRE(::waitpid(child, &ended, 0) == child);
    CHECK((WIFEXITED(ended) && WEXITSTATUS(ended) == 3));  // it went on
  }
  return status;
}

}  // namespace

TEST_CASE("a value of MS2M_FAULT that is none is refused") {
  CHECK(fault_point([](const std::string&) { return std::nullopt; }, {}) == nullptr);
  CHECK(fault("7:begin:kill") != nullptr);
  CHECK(fault("pivot:ended:cancel") != nullptr);
  for (const char* wrong :
       {"7", "7:begin", "7:begin:", ":begin:kill", "0:begin:kill", "-7:begin:kill", "7:before:kill", "7:begin:die",
        "7:begin:kill:", "pivots:begin:kill", "7 :begin:kill", "07:begin:kill", "12345678:begin:kill", "::"}) {
    INFO(wrong);
    try {
      fault(wrong);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK_THAT(error.what(), Contains("MS2M_FAULT '" + std::string(wrong) + "' is not STEP:POINT:MODE"));
    }
  }
}

TEST_CASE("a fault happens at its entry and its point, and once") {
  const auto fails = fault("7:begun:fail");
  for (const char* entry : {"6", "77", "pivot"}) CHECK_NOTHROW(fails->at(entry, Point::begun));
  for (const Point point : {Point::begin, Point::done, Point::ended}) CHECK_NOTHROW(fails->at("7", point));
  CHECK_THROWS_WITH(fails->at("7", Point::begun), "MS2M_FAULT 7:begun:fail");
  CHECK_NOTHROW(fails->at("7", Point::begun));
}

TEST_CASE("a fault that hangs does so until the run is interrupted") {
  StopSource stop;
  const auto hangs = fault("7:begun:hang", stop.token());
  std::atomic<bool> back{false};
  std::thread interrupting([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK_FALSE(back.load());
    stop.request_stop();
  });
  CHECK_THROWS_AS(hangs->at("7", Point::begun), Cancelled);
  back = true;
  interrupting.join();
}

TEST_CASE("a fault kills, stops and interrupts the process itself") {
  const int killed = status_of_child("7:begun:kill", 0), stopped = status_of_child("7:begun:stop", WUNTRACED),
            interrupted = status_of_child("7:begun:cancel", 0), missed = status_of_child("7:begin:kill", 0);
  CHECK((WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL));
  CHECK((WIFSTOPPED(stopped) && WSTOPSIG(stopped) == SIGSTOP));
  CHECK((WIFSIGNALED(interrupted) && WTERMSIG(interrupted) == SIGINT));
  CHECK((WIFEXITED(missed) && WEXITSTATUS(missed) == 3));
}

TEST_CASE("a journal tells of each of its entries before and after it is written") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Watched move(strategy);
  move.run();
  INFO(move.outcome.error);
  REQUIRE(move.outcome.result == Result::done);
  const auto& told = move.noted.told;
  CHECK(move.noted.wrong == std::vector<std::string>{});
  CHECK(told.front() == "move:begin");
  CHECK(told.at(1) == "move:begun");
  CHECK(told.at(told.size() - 2) == "move:done");
  CHECK(told.back() == "move:ended");
  const auto effects = Journal::read(move.root, move.outcome.id).effects();
  REQUIRE_FALSE(effects.empty());
  for (const Effect& effect : effects) {
    INFO(effect.n << " " << effect.text);
    const std::string n = std::to_string(effect.n);
    CHECK(move.noted.times(n + ":begin") == 1);
    CHECK(move.noted.times(n + ":begun") == 1);
    CHECK(move.noted.times(n + ":ended") == (effect.settled ? 1 : 0));
    CHECK(move.noted.times(n + ":done") == move.noted.times(n + ":ended"));
  }
  for (const char* point : {"pivot:begin", "pivot:begun", "pivot:done", "pivot:ended"})
    CHECK(move.noted.times(point) == 1);
}

/// All of them are the lab's affair: what fails is waited for in real time.
constexpr std::size_t kStride = 13;

TEST_CASE("a fault at an entry of a move leaves one side serving, and the same move then succeeds") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  Watched clean(strategy);
  clean.run();
  REQUIRE(clean.outcome.result == Result::done);
  for (std::size_t at = 1; at < clean.noted.told.size(); at += kStride) {
    const std::string& point = clean.noted.told[at];
    INFO(point);
    Watched move(strategy);
    const auto fails = fault(point + ":fail");
    move.noted.next = fails.get();
    move.run();
    INFO(move.outcome.error);
    CHECK(move.server.consumers("app.events").size() == 1);
    CHECK((move.outcome.result == Result::done || move.outcome.result == Result::undone));
    if (move.outcome.result == Result::undone) {
      move.run();
      INFO(move.outcome.error);
      CHECK(move.outcome.result == Result::done);
    }
  }
}
