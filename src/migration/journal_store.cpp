#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "migration/journal.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

JournalSummary summarise(Journal& journal) {
  const Json& b = journal.begin();
  JournalSummary s;
  s.id = b.value("id", "");
  s.started = b.value("t", "");
  s.state = journal.ended().value_or("running or crashed");
  s.pivoted = journal.marked("pivoted") && !journal.marked("turned_back");
  s.ns = b.value("ns", "");
  s.source_pod = b.value("source_pod", "");
  s.source_node = b.value("source_node", "");
  s.target_pod = b.value("target_pod", "");
  s.target_node = b.value("target_node", "");
  s.queue = b.value("queue", "");
  s.strategy = b.value("strategy", "");
  s.kubeconfig = b.value("kubeconfig", "");
  s.context = b.value("context", "");
  s.broker = b.value("broker", "");
  if (const auto effect = journal.effect_with("restore_pod")) s.pod = effect->finish.value("object", Json());
  if (const auto effect = journal.effect_with("take_identity")) s.pod = effect->finish.value("source", Json());
  s.pid = b.value("pid", 0L);
  s.host = b.value("host", "");
  return s;
}

}  // namespace

JournalStore::JournalStore(std::filesystem::path root) : root_(std::move(root)) {}

std::filesystem::path JournalStore::default_root() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::filesystem::path(state) / "ms2m";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : "/root") / ".local/state/ms2m";
}

std::optional<JournalSummary> JournalStore::find(const std::string& id) const {
  if (id.empty() || id.find('/') != std::string::npos || id.front() == '.') return std::nullopt;
  try {
    Journal journal = Journal::read(root_, id);
    return summarise(journal);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<JournalSummary> JournalStore::list() const {
  std::vector<JournalSummary> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error))
    if (auto summary = find(entry.path().filename().string())) all.push_back(std::move(*summary));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.started > b.started; });
  return all;
}

void JournalStore::forget(const std::string& id) const {
  if (!find(id)) return;
  std::error_code ignored;
  std::filesystem::remove_all(root_ / id, ignored);
}

}  // namespace ms2m
