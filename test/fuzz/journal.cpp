// A journal whose lines are anything, first as they are, and then with checksums that are right.
#include "journal/journal.hpp"

#include <filesystem>
#include <fstream>
#include <variant>

#include "journal/history.hpp"
#include "journal/line.hpp"
#include "journal/moved_pods.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

namespace fs = std::filesystem;

struct Directory {
  Directory() : path(fs::temp_directory_path() / "ms2m-fuzz-XXXXXX") {
    std::string name = path.string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
    fs::create_directory(path / "abc234");
  }
  ~Directory() { fs::remove_all(path); }
  fs::path path;
};

void ask(const fs::path& root, const std::string& text) {
  std::ofstream(root / "abc234" / "journal.jsonl", std::ios::binary) << text;
  test::read([&] {
    const Journal journal = Journal::read(root, "abc234");
    place_of(journal), journal.ended(), journal.hooks_missing(HookPoint::before_quiet), moved_pod(journal);
    for (const Effect& effect : journal.effects())
      for (const auto& operation : {effect.undo, effect.finish})
        if (operation)
          test::must(operation_of(record_of(*operation), kRecordVersion).index() == operation->index(),
                     "an operation is written as it was read");
  });
}

/// Each line that is JSON gets the checksum that it should have.
std::string with_checksums(const std::string& text) {
  std::string out;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, end - from);
    const Json record = Json::parse(line, nullptr, false);
    out += (record.is_object() ? line_of(record) : line) + "\n";
    from = end + 1;
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Directory directory;
  const std::string text = test::text_of(data, size);
  ask(directory.path, text);
  ask(directory.path, with_checksums(text));
  JournalStore(directory.path).list();
  std::ofstream(directory.path / ".moves.jsonl", std::ios::binary) << text;
  History(directory.path).moves();
  return 0;
}
