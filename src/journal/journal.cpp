#include "journal/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "journal/kube_flags.hpp"
#include "journal/line.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

constexpr std::pair<const char*, Mark> kMarks[] = {{"pivot_intent", Mark::pivot_intent},
                                                   {"pivoted", Mark::pivoted},
                                                   {"turned_back", Mark::turned_back},
                                                   {"may_have_served", Mark::may_have_served}};

const char* word(Mark mark) noexcept {
  for (const auto& [name, each] : kMarks)
    if (each == mark) return name;
  return "";
}

/// nullopt: one that only an earlier release made, and nothing follows from.
std::optional<Mark> mark_of(const std::string& type) noexcept {
  for (const auto& [name, each] : kMarks)
    if (type == name) return each;
  return std::nullopt;
}

/// A line that has its line feed was written whole; a file system that lost power may have kept its end alone.
bool may_be_torn(std::string_view line) { return line.find('\0') != std::string_view::npos; }

/// NoOperation: a field that is read as a text later, by abort and resume, is none.
void check_begin(const Json& begin) {
  for (const char* text : {"id",
                           "t",
                           "ns",
                           "source_pod",
                           "source_node",
                           "source_uid",
                           "target_pod",
                           "target_node",
                           "container",
                           "queue",
                           "strategy",
                           "protocol",
                           "kubeconfig",
                           "context",
                           "server",
                           "cluster_uid",
                           "vhost",
                           "ssh_config",
                           "ssh_host",
                           "node_program",
                           "transfer",
                           "agent_namespace",
                           "agent_address",
                           "registry",
                           "registry_ca",
                           "profile",
                           "broker",
                           "broker_name",
                           "holder",
                           "host"})
    if (const auto found = begin.find(text); found != begin.end() && !found->is_string())
      throw NoOperation(fmt::format("its '{}' is no text", text));
  if (const auto pid = begin.find("pid"); pid != begin.end() && !pid->is_number_integer())
    throw NoOperation("its 'pid' is no number");
  kube_flags_in(begin);
}

constexpr int kChecksums = 3;  ///< records of this version have one

constexpr const char* kRoom = "make room, or give ms2m a writable $XDG_STATE_HOME";

[[noreturn]] void no_migration(const std::filesystem::path& root, const std::string& id) {
  throw Error(ErrorKind::not_found, fmt::format("there is no migration {} in {}", id, root.string()),
              "those that this user started on this machine: " + remedy::command(remedy::Command::list_migrations, {}));
}

std::filesystem::path file_of(const std::filesystem::path& root, const std::string& id) {
  return root / id / "journal.jsonl";
}

Result result_of(const std::string& word) {
  for (const Result result :
       {Result::done, Result::undone, Result::leftovers, Result::refused, Result::cleanup_incomplete})
    if (word == to_string(result)) return result;
  throw NoOperation("there is no result " + word);
}

std::optional<Operation> maybe(const Json& record, const char* key, int version) {
  const auto operation = record.find(key);
  if (operation == record.end() || operation->is_null()) return std::nullopt;
  return operation_of(*operation, version);
}

Json maybe(const std::optional<Operation>& operation) { return operation ? record_of(*operation) : Json(); }

}  // namespace

void damaged_journal(const std::filesystem::path& root, const std::string& id, const std::string& what) {
  const std::string file = file_of(root, id).string();
  throw Error(ErrorKind::refused,
              fmt::format("the journal {} is damaged ({}): what that migration did is not known", file, what),
              fmt::format("look at it ({}); when nothing of the migration is left: {}",
                          remedy::command(remedy::Command::look_at_file, {}, {file}),
                          remedy::command(remedy::Command::remove_directory, {}, {(root / id).string()})));
}

Journal Journal::create(const std::filesystem::path& root, const std::string& id, Json begin) try {
  const auto directory = root / id, path = file_of(root, id);
  posix::make_private_directories(root);
  if (std::filesystem::exists(directory)) throw Error(ErrorKind::failed, directory.string() + " is there already");
  posix::make_private_directories(directory);
  begin["type"] = "begin";
  begin["v"] = kRecordVersion;
  begin["id"] = id;
  begin["t"] = now_rfc3339();
  // There is no journal without its first record, whatever dies when.
  posix::write_file_atomically(path, line_of(begin) + "\n");
  Journal journal;
  journal.file_.emplace(path, posix::AppendFile::Missing::fail);
  if (!journal.file_->try_lock()) throw Error(ErrorKind::failed, path.string() + " is locked by another process");
  journal.replay(begin);
  return journal;
} catch (Error& error) {
  error.in("creating the journal").with_remedy(kRoom);
  throw;
}

Journal Journal::read(const std::filesystem::path& root, const std::string& id) try {
  Journal journal;
  journal.replay_all(posix::read_file(file_of(root, id)), root, id);
  return journal;
} catch (const Error& error) {
  if (error.kind() == ErrorKind::not_found) no_migration(root, id);
  throw;
}

bool Journal::under_way(const std::filesystem::path& root, const std::string& id) try {
  return posix::AppendFile::locked(file_of(root, id));
} catch (const Error& error) {
  if (error.kind() == ErrorKind::not_found) no_migration(root, id);
  throw;
}

Journal Journal::open(const std::filesystem::path& root, const std::string& id) try {
  Journal journal;
  const auto path = file_of(root, id);
  posix::AppendFile file(path, posix::AppendFile::Missing::fail);
  if (!file.try_lock())
    throw Error(ErrorKind::refused, fmt::format("migration {} is still under way", id),
                "interrupt the ms2m that runs it with Ctrl-C first");
  const std::string text = posix::read_file(path);  // after the lock: nobody writes any more
  const std::size_t whole = journal.replay_all(text, root, id);
  // A torn last line must not run into the next record.
  if (whole < text.size()) file.truncate(whole);
  if (text[whole - 1] != '\n') file.append("\n");
  journal.file_.emplace(std::move(file));
  return journal;
} catch (const Error& error) {
  if (error.kind() == ErrorKind::not_found) no_migration(root, id);
  throw;
}

std::size_t Journal::replay_all(const std::string& text, const std::filesystem::path& root, const std::string& id) {
  std::size_t begin = 0;
  for (int number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const bool last = end + 1 >= text.size();
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    try {
      const Json record = Json::parse(line, nullptr, false);
      if (record.is_discarded()) {
        if (number == 1 || !last || (end < text.size() && !may_be_torn(line)))
          damaged_journal(root, id, fmt::format("line {} is no record", number));
        break;
      }
      if (!has_our_numbers(record)) throw NoOperation("it has a number that is none of ours");
      if (record.value("v", 1) > kRecordVersion)
        throw Error(ErrorKind::refused,
                    fmt::format("the journal {} was written by a newer ms2m", file_of(root, id).string()),
                    "use the ms2m that started the migration, or a newer one");
      const Checksum sum = checksum_of(line);
      if (sum == Checksum::wrong) throw NoOperation("its checksum is another");
      if (sum == Checksum::none && record.value("v", number == 1 ? 1 : version_) >= kChecksums)
        throw NoOperation("it has no checksum");
      replay(record);
    } catch (const NoOperation& error) {
      damaged_journal(root, id, fmt::format("line {}: {}", number, error.what()));
    } catch (const Json::exception&) {
      if (number == 1 || !last || checksum_of(line) == Checksum::right)
        damaged_journal(root, id, fmt::format("line {} is no record", number));
      break;
    }
    begin = last ? text.size() : end + 1;
  }
  if (!begin_.is_object())
    damaged_journal(root, id, text.empty() ? "it is empty" : "it does not say of which migration it is");
  return begin;
}

void Journal::append(Json record, Durable when) {
  std::optional<MainLine::Call> call;
  if (line_ != nullptr) call.emplace(*line_, WaitFor::ms2m, "its journal");
  const std::lock_guard lock(*mutex_);
  record["t"] = now_rfc3339();
  if (!file_) throw Error(ErrorKind::failed, "the journal is open for reading only");
  try {
    file_->append(line_of(record) + "\n",
                  when == Durable::now ? posix::AppendFile::Sync::yes : posix::AppendFile::Sync::no);
  } catch (Error& error) {
    error.in("writing the journal").with_remedy(kRoom);
    throw;
  }
  replay(record);
}

void Journal::replay(const Json& record) {
  const std::string type = record.value("type", "");
  if (type == "begin") {
    check_begin(record);
    begin_ = record;
    version_ = record.value("v", 1);
  } else if (type == "effect") {
    const int version = record.value("v", version_);
    effects_.push_back({record.at("n").get<int>(), phase_of(record.value("phase", "")).value_or(Phase::preparing),
                        record.value("text", ""), maybe(record, "undo", version), maybe(record, "finish", version),
                        false, record.value("t", "")});
  } else if (type == "settled") {
    for (Effect& effect : effects_)
      if (effect.n == record.at("n").get<int>()) effect.settled = record.value("ok", false);
  } else if (type == "end") {
    ended_ = result_of(record.at("result"));
    ended_at_ = record.value("t", "");
  } else if (type == "again") {
    ended_.reset();
  } else if (type == "hook") {
    if (const auto at = hook_point_of(record.value("at", ""))) hooks_begun_.push_back(*at);
  } else if (const auto mark = mark_of(type)) {
    marks_.push_back(*mark);
  }
}

void Journal::tell(std::string_view entry, EntryWatch::Point point) const {
  if (watch_ != nullptr) watch_->at(entry, point);
}

int Journal::effect(Phase phase, const std::string& text, const std::optional<Operation>& undo,
                    const std::optional<Operation>& finish) {
  const int n = effects_.empty() ? 1 : effects_.back().n + 1;
  Json record{{"type", "effect"},       {"n", n}, {"phase", to_string(phase)}, {"text", text}, {"undo", maybe(undo)},
              {"finish", maybe(finish)}};
  if (version_ != kRecordVersion) record["v"] = kRecordVersion;
  tell(std::to_string(n), EntryWatch::Point::begin);
  append(std::move(record));
  tell(std::to_string(n), EntryWatch::Point::begun);
  return n;
}

void Journal::settled(int n, bool ok, const std::string& how) {
  tell(std::to_string(n), EntryWatch::Point::done);
  append({{"type", "settled"}, {"n", n}, {"ok", ok}, {"how", how}}, Durable::with_the_next);
  tell(std::to_string(n), EntryWatch::Point::ended);
}

void Journal::mark(Mark mark) {
  const bool is_pivot = mark == Mark::pivot_intent || mark == Mark::pivoted, ends = mark == Mark::pivoted;
  const char* entry = is_pivot ? "pivot" : word(mark);
  tell(entry, ends ? EntryWatch::Point::done : EntryWatch::Point::begin);
  append({{"type", word(mark)}});
  tell(entry, ends ? EntryWatch::Point::ended : EntryWatch::Point::begun);
}

void Journal::end(Result result) {
  tell("move", EntryWatch::Point::done);
  append({{"type", "end"}, {"result", to_string(result)}});
  tell("move", EntryWatch::Point::ended);
}

void Journal::hook_begun(HookPoint at, unsigned number) {
  append({{"type", "hook"}, {"at", to_string(at)}, {"number", number}});
}
void Journal::hook_ended(HookPoint at, unsigned number, bool ok, const std::string& how) {
  append({{"type", "hook_ended"}, {"at", to_string(at)}, {"number", number}, {"ok", ok}, {"how", how}},
         Durable::with_the_next);
}
void Journal::changed(const std::string& option, const std::string& value) {
  append({{"type", "changed"}, {"option", option}, {"value", value}});
}

bool Journal::hooks_missing(HookPoint at) const {
  const std::lock_guard lock(*mutex_);
  const auto hooks = begin_.find("hooks");
  return hooks != begin_.end() && hooks->is_object() && hooks->contains(to_string(at)) &&
         std::find(hooks_begun_.begin(), hooks_begun_.end(), at) == hooks_begun_.end();
}

std::vector<Effect> Journal::effects() const {
  const std::lock_guard lock(*mutex_);
  return effects_;
}

Place place_of(const Journal& journal) {
  const Json& b = journal.begin();
  return {b.value("kubeconfig", ""), b.value("context", ""), b.value("vhost", "/"), kube_flags_in(b)};
}

bool Journal::marked(Mark mark) const noexcept { return std::find(marks_.begin(), marks_.end(), mark) != marks_.end(); }

}  // namespace ms2m
