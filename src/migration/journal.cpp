#include "migration/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "migration/names.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr int kVersion = 1;

[[noreturn]] void fail(const std::filesystem::path& path, const char* doing) {
  throw Error(ErrorKind::failed,
              fmt::format("cannot {} the journal {}: {}", doing, path.string(), std::strerror(errno)),
              "make room or give ms2m a writable $XDG_STATE_HOME");
}

std::filesystem::path file_of(const std::filesystem::path& root, const std::string& id) {
  return root / id / "journal.jsonl";
}

void sync_directory(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Phase phase_of(const std::string& word) {
  for (const Phase phase : {Phase::preparing, Phase::checkpointing, Phase::transferring, Phase::restoring,
                            Phase::replaying, Phase::finalizing})
    if (word == to_string(phase)) return phase;
  return Phase::preparing;
}

}  // namespace

Journal Journal::create(const std::filesystem::path& root, const std::string& id, Json begin) {
  std::error_code ignored;
  std::filesystem::create_directories(root, ignored);
  const auto directory = root / id;
  if (::mkdir(directory.c_str(), 0700) != 0) fail(directory, "create");
  Journal journal;
  journal.fd_ = ::open(file_of(root, id).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (journal.fd_ < 0) fail(file_of(root, id), "create");
  if (::flock(journal.fd_, LOCK_EX | LOCK_NB) != 0) fail(file_of(root, id), "lock");
  begin["type"] = "begin";
  begin["v"] = kVersion;
  begin["id"] = id;
  journal.append(begin);
  sync_directory(directory);
  sync_directory(root);
  return journal;
}

Journal Journal::read(const std::filesystem::path& root, const std::string& id) {
  const auto path = file_of(root, id);
  std::ifstream in(path);
  if (!in)
    throw Error(ErrorKind::not_found, fmt::format("there is no migration {} in {}", id, root.string()),
                "ms2m list shows the migrations that this user started on this machine");
  Journal journal;
  for (std::string line; std::getline(in, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object()) continue;  // torn by a crash: what it announced did not happen
    if (record.value("v", kVersion) > kVersion)
      throw Error(ErrorKind::refused, fmt::format("the journal {} was written by a newer ms2m", path.string()),
                  "use the ms2m that started the migration, or a newer one");
    journal.replay(record);
  }
  return journal;
}

Journal Journal::open(const std::filesystem::path& root, const std::string& id) {
  const auto path = file_of(root, id);
  const int fd = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    throw Error(ErrorKind::refused, fmt::format("migration {} is still under way", id),
                "interrupt the ms2m that runs it with Ctrl-C first");
  }
  Journal journal = read(root, id);  // after the lock: nobody writes any more
  journal.fd_ = fd;
  if (fd < 0) fail(path, "open");
  // A torn last line must not swallow the next record.
  const auto size = ::lseek(journal.fd_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(journal.fd_, &last, 1, size - 1) == 1 && last != '\n' && ::write(journal.fd_, "\n", 1) != 1)
    fail(path, "write");
  return journal;
}

Journal::Journal(Journal&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      mutex_(std::move(other.mutex_)),
      begin_(std::move(other.begin_)),
      effects_(std::move(other.effects_)),
      marks_(std::move(other.marks_)),
      ended_(std::move(other.ended_)) {}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

void Journal::append(Json record) {
  const std::lock_guard lock(*mutex_);
  record["t"] = now_rfc3339();
  const std::string line = record.dump() + "\n";
  // One write: a crash leaves at most one torn line, at the end.
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fdatasync(fd_) != 0)
    throw Error(ErrorKind::failed, fmt::format("cannot write the journal: {}", std::strerror(errno)),
                "make room below $XDG_STATE_HOME");
  replay(record);
}

void Journal::replay(const Json& record) {
  const std::string type = record.value("type", "");
  if (type == "begin") {
    begin_ = record;
  } else if (type == "effect") {
    effects_.push_back({record.at("n").get<int>(), phase_of(record.value("phase", "")), record.value("text", ""),
                        record.value("undo", Json()), record.value("finish", Json()), false});
  } else if (type == "settled") {
    for (Effect& effect : effects_)
      if (effect.n == record.at("n").get<int>()) effect.settled = record.value("ok", false);
  } else if (type == "end") {
    ended_ = record.value("result", "");
  } else if (type == "again") {
    ended_.reset();
  } else {
    marks_.push_back(type);
  }
}

int Journal::effect(Phase phase, const std::string& text, Json undo, Json finish) {
  const int n = effects_.empty() ? 1 : effects_.back().n + 1;
  append({{"type", "effect"},
          {"n", n},
          {"phase", to_string(phase)},
          {"text", text},
          {"undo", std::move(undo)},
          {"finish", std::move(finish)}});
  return n;
}

void Journal::settled(int n, bool ok, const std::string& how) {
  append({{"type", "settled"}, {"n", n}, {"ok", ok}, {"how", how}});
}

void Journal::mark(const std::string& type) { append({{"type", type}}); }
void Journal::end(Result result) { append({{"type", "end"}, {"result", to_string(result)}}); }

std::vector<Effect> Journal::effects() const {
  const std::lock_guard lock(*mutex_);
  return effects_;
}

std::optional<Effect> Journal::effect_with(const std::string& op) const {
  const auto is = [&](const Json& operation) { return operation.is_object() && operation.value("op", "") == op; };
  for (const Effect& effect : effects())
    if (is(effect.undo) || is(effect.finish)) return effect;
  return std::nullopt;
}

bool Journal::marked(const std::string& type) const noexcept {
  for (const auto& mark : marks_)
    if (mark == type) return true;
  return false;
}

}  // namespace ms2m
