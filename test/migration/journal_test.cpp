#include "migration/journal.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

struct TempDir {
  TempDir() {
    char name[] = "/tmp/ms2m-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Journal sample(const std::filesystem::path& root) {
  Journal journal =
      Journal::create(root, "abc234", {{"ns", "default"}, {"source_pod", "consumer-0"}, {"strategy", "handoff"}});
  journal.effect(Phase::preparing, "declare queue q", {{"op", "delete_queue"}, {"queue", "q"}}, Json());
  journal.effect(Phase::preparing, "create pod p", {{"op", "delete_pod"}}, {{"op", "strip_marks"}});
  return journal;
}

}  // namespace

TEST_CASE("a journal is read back as it was written", "[journal]") {
  TempDir dir;
  {
    Journal journal = sample(dir.path);
    journal.settled(1, true, "undo");
    journal.mark("pivot_intent");
  }
  Journal again = Journal::open(dir.path, "abc234");
  REQUIRE(again.effects().size() == 2);
  CHECK(again.effects()[0].settled);
  CHECK_FALSE(again.effects()[1].settled);
  CHECK(again.effects()[1].undo.at("op") == "delete_pod");
  CHECK(again.marked("pivot_intent"));
  CHECK_FALSE(again.marked("pivoted"));
  CHECK_FALSE(again.ended());
}

TEST_CASE("the summary has the pod of a StatefulSet that changes hands", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  CHECK(JournalStore(dir.path).find("abc234")->pod.is_null());
  journal.effect(Phase::restoring, "create the restored pod", Json(),
                 {{"op", "restore_pod"}, {"object", {{"kind", "Pod"}}}});
  CHECK(JournalStore(dir.path).find("abc234")->pod == Json{{"kind", "Pod"}});
}

TEST_CASE("a journal is private to its user", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  struct stat file {
  }, folder{};
  REQUIRE(::stat((dir.path / "abc234/journal.jsonl").c_str(), &file) == 0);
  REQUIRE(::stat((dir.path / "abc234").c_str(), &folder) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  CHECK((folder.st_mode & 0777) == 0700);
}

TEST_CASE("a line torn by a crash is ignored, and what follows it is not", "[journal]") {
  TempDir dir;
  { Journal journal = sample(dir.path); }
  std::ofstream(dir.path / "abc234/journal.jsonl", std::ios::app) << R"({"type":"effect","n":3,"und)";
  {
    Journal again = Journal::open(dir.path, "abc234");
    CHECK(again.effects().size() == 2);
    again.end(Result::undone);
  }
  CHECK(Journal::open(dir.path, "abc234").ended() == "undone");
}

TEST_CASE("a journal of a running process cannot be opened for writing", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  // flock is per open file, so the same process shows it as well as another one.
  CHECK_THROWS_AS(Journal::open(dir.path, "abc234"), Error);
  CHECK_NOTHROW(Journal::read(dir.path, "abc234"));
}

TEST_CASE("a journal of a newer version is refused", "[journal]") {
  TempDir dir;
  std::filesystem::create_directory(dir.path / "new");
  std::ofstream(dir.path / "new/journal.jsonl") << R"({"type":"begin","v":99,"id":"new"})"
                                                << "\n";
  CHECK_THROWS_WITH(Journal::open(dir.path, "new"), Catch::Contains("newer ms2m"));
}

TEST_CASE("the store lists, finds and forgets", "[journal]") {
  TempDir dir;
  { Journal journal = sample(dir.path); }
  const JournalStore store(dir.path);
  REQUIRE(store.list().size() == 1);
  CHECK(store.list()[0].source_pod == "consumer-0");
  CHECK(store.list()[0].state == "running or crashed");
  CHECK_FALSE(store.find("../etc"));
  CHECK_FALSE(store.find("nobody"));
  store.forget("abc234");
  CHECK(store.list().empty());
}
