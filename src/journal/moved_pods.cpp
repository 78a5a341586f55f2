#include "journal/moved_pods.hpp"

#include <fstream>

#include "base/fields.hpp"

namespace ms2m {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPods = 100;

fs::path directory(const fs::path& root) { return root / ".moved"; }

std::optional<MovedPod> read(const fs::path& file) {
  std::ifstream in(file);
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text = [&json](const char* key) { return text_at(json, key); };
  return MovedPod{file.stem(),        text("ns"),      text("pod"),   text("control_queue"),
                  text("kubeconfig"), text("context"), text("broker")};
}

/// Of the target that was given the queue.
std::optional<std::string> control_queue_of_target(const Journal& journal) {
  if (const auto given = journal.effect_with<op::ResumeTarget>()) return given->operation.control_queue;
  if (const auto given = journal.effect_with<op::ServeStream>()) return given->operation.control_queue;
  return std::nullopt;
}

}  // namespace

std::optional<MovedPod> moved_pod(const Journal& journal) {
  const Json& begin = journal.begin();
  const auto control_queue = control_queue_of_target(journal);
  const std::string pod = begin.value("target_pod", "");
  // Under the name that it had before it has the control queue that it had before.
  const bool is_rename = begin.value("id", "").find('-') != std::string::npos;  // identity.hpp
  // (A copy that was started anew since has the name, too, although the move came to nothing.)
  const bool is_there =
      journal.ended() == Result::done ||
      (journal.ended() == Result::undone && journal.marked(Mark::pivoted) && !journal.marked(Mark::turned_back));
  if (!control_queue || is_rename || pod == begin.value("source_pod", "") || !is_there) return std::nullopt;
  return MovedPod{begin.value("id", ""),    begin.value("ns", ""),         pod,
                  *control_queue,           begin.value("kubeconfig", ""), begin.value("context", ""),
                  begin.value("broker", "")};
}

void remember_moved(const fs::path& root, const MovedPod& pod) noexcept {
  try {
    fs::create_directory(directory(root));
    fs::permissions(directory(root), fs::perms::owner_all);
    std::ofstream out(directory(root) / (pod.id + ".json"));
    out << Json{{"ns", pod.ns},
                {"pod", pod.pod},
                {"control_queue", pod.control_queue},
                {"kubeconfig", pod.kubeconfig},
                {"context", pod.context},
                {"broker", pod.broker}}
               .dump()
        << '\n';
  } catch (const std::exception&) {
    // Then that queue stays.
  }
}

std::vector<MovedPod> moved_pods(const JournalStore& journals) {
  std::vector<MovedPod> pods;
  std::error_code error;
  for (fs::directory_iterator entry(directory(journals.root()), error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (auto pod = read(entry->path())) pods.push_back(std::move(*pod));
  for (const JournalSummary& summary : journals.list()) {
    if (summary.state != to_string(Result::done) && summary.state != to_string(Result::undone)) continue;
    if (auto pod = moved_pod(Journal::read(journals.root(), summary.id))) pods.push_back(std::move(*pod));
  }
  if (pods.size() > kMostPods) pods.resize(kMostPods);
  return pods;
}

void forget_moved(const fs::path& root, const std::string& id) noexcept {
  std::error_code ignored;
  fs::remove(directory(root) / (id + ".json"), ignored);
}

}  // namespace ms2m
