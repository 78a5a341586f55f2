#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "journal/journal.hpp"
#include "journal/kube_flags.hpp"
#include "journal/moved_pods.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

JournalSummary summarise(const Journal& journal, const std::string& id) {
  const Json& b = journal.begin();
  JournalSummary s;
  s.id = id;
  s.started = b.value("t", "");
  s.state = journal.ended() ? to_string(*journal.ended()) : "running or crashed";
  s.pivoted = journal.marked(Mark::pivoted) && !journal.marked(Mark::turned_back);
  s.ns = b.value("ns", "");
  s.source_pod = b.value("source_pod", "");
  s.source_node = b.value("source_node", "");
  s.target_pod = b.value("target_pod", "");
  s.target_node = b.value("target_node", "");
  s.queue = b.value("queue", "");
  s.strategy = b.value("strategy", "");
  s.kubeconfig = b.value("kubeconfig", "");
  s.context = b.value("context", "");
  s.kube = kube_flags_in(b);
  s.server = b.value("server", "");
  s.cluster_uid = b.value("cluster_uid", "");
  s.ssh_config = b.value("ssh_config", "");
  s.ssh_host = b.value("ssh_host", "");
  s.node_program = b.value("node_program", "");
  s.transfer = b.value("transfer", "");
  s.agent_namespace = b.value("agent_namespace", "");
  s.agent_address = b.value("agent_address", "");
  s.registry = b.value("registry", "");
  s.registry_ca = b.value("registry_ca", "");
  s.profile = b.value("profile", "");
  s.broker = b.value("broker", "");
  if (const auto restore = journal.effect_with<op::RestorePod>()) s.pod = restore->operation.object;
  if (const auto rename = journal.effect_with<op::Rename>()) s.pod = rename->operation.source;
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
    return summarise(Journal::read(root_, id), id);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) return std::nullopt;
    throw;
  } catch (const Json::exception& error) {
    damaged_journal(root_, id, error.what());
  }
}

std::vector<JournalSummary> JournalStore::list() const {
  std::vector<JournalSummary> all;
  const auto add = [&](const std::string& id) {
    try {
      if (auto summary = find(id)) all.push_back(std::move(*summary));
    } catch (const Error& error) {
      JournalSummary unreadable;
      unreadable.id = id;
      unreadable.state = kUnreadable;
      unreadable.error = error.what();
      unreadable.remedy = error.remedy();
      all.push_back(std::move(unreadable));
    }
  };
  std::error_code error;
  std::filesystem::directory_iterator entry(root_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    add(entry->path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory)
    throw Error(ErrorKind::failed,
                fmt::format("whether there are migrations cannot be told: {}: {}", root_.string(), error.message()),
                "run ms2m as the user who started them");
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.started > b.started; });
  return all;
}

void JournalStore::forget(const std::string& id) const {
  if (!find(id)) return;
  // Its pod may outlive it.
  if (const auto pod = moved_pod(Journal::read(root_, id))) remember_moved(root_, *pod);
  std::error_code ignored;
  std::filesystem::remove_all(root_ / id, ignored);
}

}  // namespace ms2m
