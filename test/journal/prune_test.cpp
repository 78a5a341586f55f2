// Which journals go by themselves, and which never do.
#include "ms2m/prune.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "journal/journal.hpp"
#include "journal/line.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

constexpr const char* kNow = "2026-11-29T12:00:00.000Z";
using Names = std::vector<std::string>;

struct Journals {
  Journals() {
    char name[] = "/tmp/ms2m-test-XXXXXX";
    root = ::mkdtemp(name);
  }
  ~Journals() { std::filesystem::remove_all(root); }
  Journals(const Journals&) = delete;
  Journals& operator=(const Journals&) = delete;

  /// Begun on that day of November; "": it has not come to its end.
  void add(const std::string& id, int day, const std::string& result) const {
    std::filesystem::create_directory(root / id);
    std::ofstream file(root / id / "journal.jsonl");
    const std::string t = fmt::format("2026-11-{:02}T12:00:00.000Z", day);
    file << line_of({{"type", "begin"}, {"v", 3}, {"t", t}, {"id", id}}) << '\n';
    if (!result.empty()) file << line_of({{"type", "end"}, {"t", t}, {"result", result}}) << '\n';
  }
  Names prune(int days, std::size_t count) const {
    return prune_journals(JournalStore(root), {std::chrono::hours(24 * days), count}, kNow);
  }
  bool has(const std::string& id) const { return std::filesystem::exists(root / id); }

  std::filesystem::path root;
};

}  // namespace

TEST_CASE("journals of migrations that are over go by age and by number, the oldest first", "[journal]") {
  const Journals journals;
  journals.add("ma", 1, "done");
  journals.add("mb", 10, "undone");
  journals.add("mc", 20, "done");
  journals.add("md", 28, "done");
  CHECK(journals.prune(90, 500).empty());
  CHECK(journals.prune(25, 500) == Names{"ma"});
  CHECK(journals.prune(25, 2) == Names{"mb"});
  CHECK(journals.prune(25, 2).empty());
  CHECK_FALSE(journals.has("ma"));
  CHECK_FALSE(journals.has("mb"));
  CHECK(journals.has("mc"));
  CHECK(journals.has("md"));
}

TEST_CASE("a journal that somebody needs stays, whatever its age", "[journal]") {
  const Journals journals;
  journals.add("mcrash", 1, "");
  journals.add("mleft", 1, "leftovers");
  journals.add("mhalf", 1, "cleanup_incomplete");
  journals.add("mtorn", 1, "done");
  std::ofstream(journals.root / "mtorn/journal.jsonl") << "{}\n{}\n";  // unreadable
  journals.add("mheld", 1, "done");
  journals.add("mlast", 28, "done");
  {
    const Journal held = Journal::open(journals.root, "mheld");
    CHECK(journals.prune(5, 1).empty());
  }
  CHECK(journals.prune(5, 1) == Names{"mheld"});
  for (const char* name : {"mcrash", "mleft", "mhalf", "mtorn", "mlast"}) CHECK(journals.has(name));
}
