// What state a migration leaves, for everything that decides it; and what is said of who serves.
#include "engine/ending.hpp"

#include <unistd.h>

#include "support/catch.hpp"

using namespace ms2m;

namespace {

using Way = Ending::Way;

constexpr ServedBy kAll[] = {ServedBy::not_said, ServedBy::source,    ServedBy::target, ServedBy::started_anew,
                             ServedBy::nobody,   ServedBy::uncertain, ServedBy::unknown};

Outcome ended(const Ending& ending, ServedBy by, bool left, const std::string& error = "") {
  const auto root = std::filesystem::temp_directory_path() / ("ms2m-ending-" + std::to_string(::getpid()));
  Journal journal = Journal::create(root, "abc234", Json::object());
  Outcome outcome;
  outcome.serving.who = by;
  outcome.error = error;
  outcome.source_node = "worker-1";
  outcome.target_node = "worker-2";
  if (left) outcome.leftovers.push_back({"queue q", "delete it"});
  end(journal, outcome, ending);
  CHECK(journal.ended() == outcome.result);
  CHECK(outcome.resumable == left);
  std::filesystem::remove_all(root);
  return outcome;
}

}  // namespace

TEST_CASE("after the pivot, what serves and what is left say what state there is", "[ending]") {
  const auto result = [](ServedBy by, bool left) { return ended({Way::forward}, by, left).result; };
  for (const ServedBy by : {ServedBy::target, ServedBy::unknown}) {
    CHECK(result(by, false) == Result::done);
    CHECK(result(by, true) == Result::cleanup_incomplete);
    CHECK(ended({Way::forward}, by, true).error.empty());
  }
  CHECK(result(ServedBy::source, false) == Result::undone);
  CHECK(result(ServedBy::source, true) == Result::cleanup_incomplete);
  CHECK_THAT(ended({Way::forward}, ServedBy::source, false).error, Catch::Contains("brought back on worker-1"));
  for (const ServedBy by : {ServedBy::started_anew, ServedBy::nobody}) {
    CHECK(result(by, false) == Result::undone);
    CHECK(result(by, true) == Result::leftovers);
    CHECK_THAT(ended({Way::forward}, by, false).error, Catch::Contains("was lost after the source had gone"));
    CHECK(ended({Way::forward}, by, false, "the first cause").error == "the first cause");
  }
}

TEST_CASE("a copy that was lost before it had its name is no success", "[ending]") {
  CHECK(ended({Way::forward, false, true}, ServedBy::target, false).result == Result::undone);
}

TEST_CASE("without the queue, or with an owner that is not what it was, it is not migrated, whoever serves",
          "[ending]") {
  for (const ServedBy by : kAll) {
    CHECK(ended({Way::not_handed_over}, by, true).result == Result::leftovers);
    CHECK(ended({Way::not_handed_over}, by, true).error.empty());
    CHECK(ended({Way::forward, true}, by, true).result == Result::leftovers);
  }
}

TEST_CASE("on the way back only what is left counts", "[ending]") {
  for (const ServedBy by : kAll) {
    CHECK(ended({Way::back}, by, false).result == Result::undone);
    CHECK(ended({Way::back}, by, true).result == Result::leftovers);
    CHECK(ended({Way::back}, by, true).error.empty());
  }
}

TEST_CASE("who serves is told in one sentence, which begins with what it is", "[ending]") {
  const Serving copy{ServedBy::target, "default", "a-1", "worker-2", true};
  CHECK(to_string(copy) == "target pod default/a-1 on worker-2");
  Serving other = copy;
  other.why = "not Ready yet";
  CHECK(to_string(other) == "target pod default/a-1 on worker-2, not Ready yet");
  other.who = ServedBy::started_anew;
  other.why = "the copy is gone";
  CHECK(to_string(other) == "target pod default/a-1 on worker-2, started anew: the copy is gone");
  other.on_target = false;
  CHECK(to_string(other) == "source pod default/a-1 on worker-2, started anew: the copy is gone");
  CHECK(to_string(Serving{.who = ServedBy::nobody, .why = "x"}) == "nobody: x");
  CHECK(to_string(Serving{.who = ServedBy::uncertain, .why = "x"}) == "nobody for certain: x");
  CHECK(to_string(Serving{.who = ServedBy::unknown, .why = "x"}) == "unknown: x");
  CHECK(to_string(Serving{}).empty());
  for (const ServedBy by : kAll)
    CHECK(Serving{.who = by}.nobody() == (to_string(Serving{.who = by}).rfind("nobody", 0) == 0));
}
