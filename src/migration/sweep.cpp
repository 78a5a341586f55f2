#include "migration/sweep.hpp"

#include <fstream>

#include "migration/names.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLimit{20};
constexpr std::size_t kMostPods = 100;

fs::path directory(const fs::path& root) { return root / ".moved"; }

std::optional<MovedPod> read(const fs::path& file) {
  std::ifstream in(file);
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text = [&](const char* key) { return json.value(key, ""); };
  return MovedPod{file.stem(),        text("ns"),      text("pod"),   text("control_queue"),
                  text("kubeconfig"), text("context"), text("broker")};
}

/// Those whose journals are gone, and those whose journals are there.
std::vector<MovedPod> all_moved(const JournalStore& journals) {
  std::vector<MovedPod> pods;
  std::error_code error;
  for (fs::directory_iterator entry(directory(journals.root()), error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (auto pod = read(entry->path())) pods.push_back(std::move(*pod));
  for (const JournalSummary& summary : journals.list()) {
    if (summary.state != to_string(Result::done)) continue;
    if (auto pod = moved_pod(Journal::read(journals.root(), summary.id))) pods.push_back(std::move(*pod));
  }
  if (pods.size() > kMostPods) pods.resize(kMostPods);
  return pods;
}

/// False: the pod may be there, or somebody listens.
bool remove_control_queue(const Migrator::Ports& ports, const MovedPod& pod, const StopToken& stop) {
  if (ports.cluster.get({Kind::pod, pod.ns, pod.pod}, stop)) return false;
  const auto depth = ports.broker.depth(pod.control_queue, stop);
  if (depth && depth->consumers > 0) return false;
  if (depth) ports.broker.delete_queue(pod.control_queue, stop);
  return true;
}

/// Whether a container of one of these pods has the name in its spec: as it is, or short.
bool in_use(const std::string& name, const std::vector<Json>& pods) {
  const auto is = [&](const std::string& image) {
    return !image.empty() && (name == image || name.ends_with("/" + image));
  };
  for (const Json& pod : pods) {
    const Json spec = pod.value("spec", Json::object());
    for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
      for (const Json& container : spec.value(list, Json::array()))
        if (is(container.value("image", ""))) return true;
  }
  return false;
}

void sweep_node(const Migrator::Ports& ports, const std::string& node, const StopToken& stop) {
  const auto images = ports.images.list(node, stop);
  if (!images) return;
  std::vector<std::string> names;
  for (const StoredImage& image : *images)
    for (const std::string& name : image.names)
      if (!image.checkpoint && is_checkpoint_image_name(name)) names.push_back(name);
  if (names.empty()) return;
  const auto pods = ports.cluster.kubelet_pods(node, stop);
  if (!pods) return;
  for (const std::string& name : names)
    if (!in_use(name, *pods)) ports.images.remove_name(node, name, stop);
}

}  // namespace

std::optional<MovedPod> moved_pod(const Journal& journal) {
  const Json& begin = journal.begin();
  const auto effect = journal.effect_with("resume_target");
  const std::string pod = begin.value("target_pod", "");
  // Under the name that it had before it has the control queue that it had before.
  const bool second_half = begin.value("id", "").find('-') != std::string::npos;  // identity.hpp
  if (!effect || second_half || pod == begin.value("source_pod", "") || journal.ended() != to_string(Result::done))
    return std::nullopt;
  return MovedPod{begin.value("id", ""),
                  begin.value("ns", ""),
                  pod,
                  effect->finish.value("control", ""),
                  begin.value("kubeconfig", ""),
                  begin.value("context", ""),
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

void sweep(const Migrator::Ports& ports, const JournalStore& journals, const SweepScope& scope,
           const StopToken& given) {
  const StopToken stop = given.within(kLimit);
  const auto try_to = [](const auto& act) {
    try {
      act();
    } catch (const Error&) {
      // Whoever comes next tries again.
    } catch (const Cancelled&) {
    }
  };
  for (const std::string& node : scope.nodes) try_to([&] { sweep_node(ports, node, stop); });
  try_to([&] {
    for (const MovedPod& pod : all_moved(journals)) {
      if (pod.control_queue.empty() || pod.kubeconfig != scope.kubeconfig || pod.context != scope.context ||
          pod.broker != scope.broker)
        continue;
      try_to([&] {
        if (!remove_control_queue(ports, pod, stop)) return;
        std::error_code ignored;
        fs::remove(directory(journals.root()) / (pod.id + ".json"), ignored);
      });
    }
  });
}

}  // namespace ms2m
