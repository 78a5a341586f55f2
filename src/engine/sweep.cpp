#include "engine/sweep.hpp"

#include <algorithm>
#include <fstream>

#include "journal/moved_pods.hpp"
#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLimit{20};

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
  return std::any_of(pods.begin(), pods.end(), [&](const Json& pod) {
    const std::vector<std::string> images = all_images_of(pod);
    return std::any_of(images.begin(), images.end(), is);
  });
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
  for (const std::string& node : scope.nodes) {
    try_to([&] { sweep_node(ports, node, stop); });
    try_to([&] { ports.restores.sweep(node, stop); });
  }
  try_to([&] {
    for (const MovedPod& pod : moved_pods(journals)) {
      if (pod.control_queue.empty() || pod.kubeconfig != scope.kubeconfig || pod.context != scope.context ||
          pod.broker != scope.broker)
        continue;
      try_to([&] {
        if (!remove_control_queue(ports, pod, stop)) return;
        forget_moved(journals.root(), pod.id);
      });
    }
  });
}

}  // namespace ms2m
