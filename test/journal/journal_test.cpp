#include "journal/journal.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>

#include "journal/kube_flags.hpp"
#include "journal/line.hpp"
#include "ms2m/error.hpp"
#include "ms2m/standing.hpp"
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
  journal.effect(Phase::preparing, "declare queue q", op::DeleteQueue{"q"}, {});
  journal.effect(Phase::preparing, "create pod p", op::DeletePod{"default", "p", "abc234"},
                 op::StripMarks{"default", "p"});
  return journal;
}

std::filesystem::path file_of(const TempDir& dir, const std::string& id = "abc234") {
  return dir.path / id / "journal.jsonl";
}

void write_journal(const TempDir& dir, const std::string& id, const std::string& text) {
  std::filesystem::create_directory(dir.path / id);
  std::ofstream(file_of(dir, id)) << text;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

ErrorKind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("no error");
  return ErrorKind::usage;
}

}  // namespace

TEST_CASE("a journal is read back as it was written", "[journal]") {
  TempDir dir;
  {
    Journal journal = sample(dir.path);
    journal.settled(1, true, "undo");
    journal.mark(Mark::pivot_intent);
  }
  Journal again = Journal::open(dir.path, "abc234");
  REQUIRE(again.effects().size() == 2);
  CHECK(again.effects()[0].settled);
  CHECK_FALSE(again.effects()[1].settled);
  CHECK(std::get<op::DeletePod>(*again.effects()[1].undo).pod == "p");
  CHECK(std::holds_alternative<op::StripMarks>(*again.effects()[1].finish));
  CHECK_FALSE(again.effects()[0].finish);
  CHECK(again.marked(Mark::pivot_intent));
  CHECK_FALSE(again.marked(Mark::pivoted));
  CHECK_FALSE(again.ended());
}

TEST_CASE("the summary has the pod of a StatefulSet that changes hands", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  CHECK(JournalStore(dir.path).find("abc234")->pod.is_null());
  op::RestorePod restore;
  restore.object = {{"kind", "Pod"}};
  journal.effect(Phase::restoring, "create the restored pod", {}, restore);
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
  CHECK(Journal::open(dir.path, "abc234").ended() == Result::undone);
}

TEST_CASE("a journal that does not begin a migration is damaged, also when its last line is torn", "[journal]") {
  TempDir dir;
  const std::string last = GENERATE(as<std::string>{}, R"({"type":"effect","n":3,"und)", R"({"v":1,"type":7})");
  write_journal(dir, "abc234", "{}\n" + last);
  CHECK_THROWS_WITH(Journal::open(dir.path, "abc234"), Catch::Contains("does not say of which migration it is"));
  CHECK(kind_of([&] { (void)Journal::read(dir.path, "abc234"); }) == ErrorKind::refused);
}

TEST_CASE("a whole record whose line feed was torn off counts", "[journal]") {
  TempDir dir;
  { Journal journal = sample(dir.path); }
  std::ofstream(file_of(dir), std::ios::app) << line_of({{"type", "pivot_intent"}});
  {
    Journal again = Journal::open(dir.path, "abc234");
    CHECK(again.marked(Mark::pivot_intent));
    again.end(Result::undone);
  }
  CHECK(Journal::read(dir.path, "abc234").ended() == Result::undone);
}

TEST_CASE("a line that is no record makes a journal unreadable unless it is the last", "[journal]") {
  TempDir dir;
  const std::string begin = R"({"type":"begin","v":1,"id":"abc234"})";
  const std::string bad = GENERATE(as<std::string>{}, R"({"type":"effect","n":3,"und)", "[]", R"({"type":7})",
                                   R"({"type":"effect"})", "", std::string(20, '\0'));
  CAPTURE(bad);
  write_journal(dir, "abc234", begin + "\n" + bad + "\n" + R"({"type":"pivot_intent"})" + "\n");
  CHECK_THROWS_WITH(Journal::open(dir.path, "abc234"),
                    Catch::Contains(file_of(dir).string()) && Catch::Contains("line 2"));
  CHECK(kind_of([&] { (void)Journal::read(dir.path, "abc234"); }) == ErrorKind::refused);
  write_journal(dir, "abc234", begin + "\n" + bad);
  { CHECK(Journal::open(dir.path, "abc234").effects().empty()); }
  CHECK(contents(file_of(dir)) == begin + "\n");
}

TEST_CASE("a record that was changed makes a journal unreadable, the last one too", "[journal]") {
  TempDir dir;
  { Journal journal = sample(dir.path); }
  const std::string whole = contents(file_of(dir));
  REQUIRE(std::count(whole.begin(), whole.end(), '\n') == 3);
  const auto damaged = [&](const std::string& text, const std::string& line) {
    std::ofstream(file_of(dir)) << text;
    CHECK_THROWS_WITH(Journal::read(dir.path, "abc234"),
                      Catch::Contains(file_of(dir).string()) && Catch::Contains("line " + line));
    CHECK(kind_of([&] { (void)Journal::open(dir.path, "abc234"); }) == ErrorKind::refused);
    CHECK(contents(file_of(dir)) == text);
  };
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    return text.replace(text.rfind(from), from.size(), to);
  };
  damaged(changed("consumer-0", "consumer-1"), "1: its checksum");
  damaged(changed("\"queue\":\"q\"", "\"queue\":\"p\""), "2: its checksum");
  damaged(changed("\"pod\":\"p\"", "\"pod\":\"q\""), "3: its checksum");
  damaged(changed("\"n\":2", "\"m\":2"), "3: its checksum");
  damaged(whole.substr(0, whole.size() - 5) + "\n", "3 is no record");  // its line feed came after all of it
  const std::size_t sum = whole.rfind(",\"sum\"");
  damaged(whole.substr(0, sum) + "}\n", "3: it has no checksum");
  std::ofstream(file_of(dir)) << whole;
  CHECK(Journal::read(dir.path, "abc234").effects().size() == 2);
}

TEST_CASE("each byte of a line is under its checksum", "[journal]") {
  const std::string line = line_of({{"type", "settled"}, {"n", 3}, {"how", "there was \"no\" sum:\n}"}});
  CHECK(Json::parse(line).at("how") == "there was \"no\" sum:\n}");
  CHECK(checksum_of(line) == Checksum::right);
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string other = line;
    other[i] = other[i] == '0' ? '1' : '0';
    CAPTURE(other);
    CHECK(checksum_of(other) != Checksum::right);
  }
  CHECK(checksum_of("{}") == Checksum::none);
}

TEST_CASE("a record that does not fit on the disk leaves no part of it behind", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  const std::string before = contents(file_of(dir));
  // The write is short first and fails then, as on a disk that becomes full.
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{before.size() + 20, limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string error, remedy;
  try {
    journal.mark(Mark::pivot_intent);
  } catch (const Error& full) {
    error = full.what();
    remedy = full.remedy();
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  std::signal(SIGXFSZ, ignored);
  CHECK_THAT(error, Catch::StartsWith("writing the journal: ") && Catch::Contains(file_of(dir).string()));
  CHECK_THAT(remedy, Catch::Contains("make room"));
  CHECK(contents(file_of(dir)) == before);
  CHECK_FALSE(journal.marked(Mark::pivot_intent));
  journal.end(Result::undone);
  CHECK(Journal::read(dir.path, "abc234").ended() == Result::undone);
}

TEST_CASE("a journal that cannot be read is not a journal that is not there", "[journal]") {
  TempDir dir;
  std::filesystem::create_directory(dir.path / "loop");
  std::filesystem::create_symlink("journal.jsonl", file_of(dir, "loop"));
  const JournalStore store(dir.path);
  CHECK(kind_of([&] { (void)store.find("loop"); }) == ErrorKind::failed);
  CHECK(kind_of([&] { (void)Journal::open(dir.path, "loop"); }) == ErrorKind::failed);
  CHECK(kind_of([&] { (void)Journal::open(dir.path, "none"); }) == ErrorKind::not_found);
  REQUIRE(store.list().size() == 1);
  CHECK(JournalStore(dir.path / "none").list().empty());

  const bool root = ::geteuid() == 0;
  if (root) {
    REQUIRE(::seteuid(65534) == 0);
  } else {
    std::filesystem::permissions(dir.path, std::filesystem::perms::none);
  }
  const auto listing = kind_of([&] { (void)store.list(); }), finding = kind_of([&] { (void)store.find("loop"); });
  if (root) {
    REQUIRE(::seteuid(0) == 0);
  } else {
    std::filesystem::permissions(dir.path, std::filesystem::perms::owner_all);
  }
  CHECK(listing == ErrorKind::failed);
  CHECK(finding == ErrorKind::failed);
}

TEST_CASE("one damaged journal hides no other", "[journal]") {
  TempDir dir;
  { Journal journal = sample(dir.path); }
  write_journal(dir, "empty", "");
  write_journal(dir, "headless",
                R"({"type":"pivoted"})"
                "\n");
  write_journal(dir, "wrong",
                R"({"type":"begin","ns":7})"
                "\n");
  const auto all = JournalStore(dir.path).list();
  REQUIRE(all.size() == 4);
  CHECK(all[0].id == "abc234");
  CHECK(all[0].error.empty());
  for (std::size_t i = 1; i < all.size(); ++i) {
    INFO(all[i].id);
    CHECK(all[i].state == kUnreadable);
    CHECK_THAT(all[i].error, Catch::Contains(dir.path.string()) && Catch::Contains(all[i].id));
    CHECK_FALSE(all[i].remedy.empty());
  }
}

TEST_CASE("a journal of a running process cannot be opened for writing", "[journal]") {
  TempDir dir;
  Journal journal = sample(dir.path);
  // flock is per open file, so the same process shows it as well as another one.
  CHECK_THROWS_AS(Journal::open(dir.path, "abc234"), Error);
  CHECK_NOTHROW(Journal::read(dir.path, "abc234"));
}

TEST_CASE("how far a migration is, by its journal", "[journal]") {
  TempDir dir;
  {
    Journal journal = sample(dir.path);
    Standing now = standing_of(dir.path, "abc234");
    CHECK(now.under_way);
    CHECK(now.phase == Phase::preparing);
    CHECK(now.last == "create pod p");
    CHECK(now.last_at.size() > 20);
    CHECK_FALSE(now.ended);
    CHECK(now.open == std::vector<std::string>{"declare queue q", "create pod p"});  // both have an undo
    journal.mark(Mark::pivoted);
    CHECK(standing_of(dir.path, "abc234").open == std::vector<std::string>{"create pod p"});  // one has a finish
    journal.mark(Mark::turned_back);
    CHECK(standing_of(dir.path, "abc234").open.size() == 2);
    journal.settled(1, true, "deleted");
    CHECK(standing_of(dir.path, "abc234").open.size() == 1);
    journal.settled(2, false, "not allowed");
    CHECK(standing_of(dir.path, "abc234").open.size() == 1);
    journal.end(Result::leftovers);
    now = standing_of(dir.path, "abc234");
    CHECK(now.ended == Result::leftovers);
    CHECK(now.ended_at.size() > 20);
    CHECK(now.open.size() == 1);
    journal.end(Result::undone);
    CHECK(standing_of(dir.path, "abc234").open.empty());
    CHECK(standing_of(dir.path, "abc234").under_way);
  }
  CHECK_FALSE(standing_of(dir.path, "abc234").under_way);
  CHECK(kind_of([&] { (void)standing_of(dir.path, "none"); }) == ErrorKind::not_found);
}

TEST_CASE("a first record with a field of another type makes a journal unreadable", "[journal]") {
  TempDir dir;
  for (const Json& odd : {Json{{"vhost", 1}}, Json{{"v", 1e300}}, Json{{"pid", 1e300}}, Json{{"source_uid", nullptr}},
                          Json{{"pid", "x"}}, Json{{"kube", {{"as_groups", {1}}}}}, Json{{"kube", {{"user", 1}}}}}) {
    Json begin{{"type", "begin"}, {"v", 3}, {"id", "abc234"}};
    begin.update(odd);
    INFO(begin);
    write_journal(dir, "abc234", line_of(begin) + "\n");
    CHECK(kind_of([&] { Journal::read(dir.path, "abc234"); }) == ErrorKind::refused);
  }
}

TEST_CASE("a journal of a newer version is refused", "[journal]") {
  TempDir dir;
  std::filesystem::create_directory(dir.path / "new");
  std::ofstream(dir.path / "new/journal.jsonl") << R"({"type":"begin","v":99,"id":"new"})"
                                                << "\n";
  CHECK_THROWS_WITH(Journal::open(dir.path, "new"), Catch::Contains("newer ms2m"));
}

TEST_CASE("an operation that the journal's version does not have makes it damaged, and is named; also in the last line",
          "[journal]") {
  TempDir dir;
  const int version = GENERATE(1, 2);
  const bool last = GENERATE(true, false);
  const std::string begin = Json{{"type", "begin"}, {"v", version}, {"id", "abc234"}}.dump();
  const std::string record =
      Json{{"type", "effect"}, {"n", 1}, {"undo", {{"op", "make_coffee"}, {"prio", 4}, {"stage", "source"}}}}.dump();
  write_journal(dir, "abc234",
                begin + "\n" + record + "\n" +
                    (last ? ""
                          : R"({"type":"pivoted"})"
                            "\n"));
  CHECK_THROWS_WITH(Journal::open(dir.path, "abc234"), Catch::Contains(file_of(dir).string()) &&
                                                           Catch::Contains("damaged (line 2") &&
                                                           Catch::Contains("make_coffee"));
  CHECK(kind_of([&] { (void)Journal::read(dir.path, "abc234"); }) == ErrorKind::refused);
  CHECK(JournalStore(dir.path).list().at(0).state == kUnreadable);
}

TEST_CASE("a journal of the first version is gone on with in records of this one", "[journal]") {
  TempDir dir;
  write_journal(dir, "abc234",
                R"({"type":"begin","v":1,"id":"abc234"})"
                "\n"
                R"({"type":"effect","n":1,"undo":{"op":"delete_queue","prio":50,"queue":"q"},"finish":null})"
                "\n");
  {
    Journal::open(dir.path, "abc234").effect(Phase::finalizing, "create pod p", op::DeletePod{"default", "p", "x"}, {});
  }
  const Journal again = Journal::read(dir.path, "abc234");
  REQUIRE(again.effects().size() == 2);
  CHECK(std::get<op::DeleteQueue>(*again.effects()[0].undo).queue == "q");
  CHECK(std::get<op::DeletePod>(*again.effects()[1].undo).pod == "p");
  CHECK_FALSE(again.effects()[1].finish);
  CHECK(again.effects()[1].n == 2);
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

TEST_CASE("what was given beside a context comes back as it was noted") {
  const TempDir dir;
  const KubeFlags given{"c", "u", "https://s:1", "/t", "eve", "u-7", {"a,b", "d"}};
  const Journal journal =
      Journal::create(dir.path, "abc234", {{"kubeconfig", "/k"}, {"context", "x"}, {"kube", to_json(given)}});
  CHECK(place_of(journal).kube == given);
  const auto found = JournalStore(dir.path).find("abc234");
  REQUIRE(found);
  CHECK(found->kube == given);
  CHECK(to_json(KubeFlags{}).empty());
  CHECK(kube_flags_in(Json::object()) == KubeFlags{});
}
