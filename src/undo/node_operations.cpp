#include "undo/node_operations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kube/objects/object.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// A request is at its kubelet within this time, in seconds, unless somebody on its way is silent for longer.
constexpr std::int64_t kArrivesWithin = 60;
constexpr std::int64_t kDay = 24 * 3600;
/// From the kubelet's hearing of it to the archive's being there, but for the time in which the process is dumped.
constexpr Millis kAppearsWithin{5000};
constexpr Millis kAnswersWithin{2000}, kBetweenQuestions{500};

ArchivesOf place_of(const op::RemoveArchives& o) {
  return {o.directory.empty() ? checkpoint_directory(kKubeletRoot) : o.directory, o.ns, o.pod, o.container};
}

std::vector<std::string> paths_of(const std::vector<ArchiveFile>& files) {
  std::vector<std::string> paths;
  for (const ArchiveFile& file : files) paths.push_back(file.path);
  return paths;
}

std::vector<std::string> without(std::vector<std::string> paths, const std::vector<std::string>& others) {
  std::erase_if(paths, [&](const auto& path) { return std::find(others.begin(), others.end(), path) != others.end(); });
  return paths;
}

/// Of these the ones that were made in that many seconds after it was asked.
std::vector<std::string> made_within(std::vector<std::string> paths, std::optional<std::int64_t> asked,
                                     std::int64_t from, std::int64_t until) {
  std::erase_if(paths, [&](const std::string& path) {
    const auto made = archive_time(path);
    return !made || (asked && (*made < *asked + from || *made > *asked + until));
  });
  return paths;
}

std::string late_ones(const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  return fmt::format(
      "a request for a checkpoint had no answer, and {} was made long after it: by it, after all, or by "
      "somebody else. It is left: remove it when nobody needs it",
      fmt::join(paths, ", "));
}

/// The request may lie with an API server or a kubelet that is silent, and be heeded when that speaks again. Returns
/// whether it was silent.
bool await_kubelet(const Migrator::Ports& ports, const std::string& node, const StopToken& stop) {
  bool silent = false;
  while (ports.cluster.kubelet_answers(node, stop.within(kAnswersWithin)) == false) {
    silent = true;
    stop.sleep(kBetweenQuestions, "waiting for an answer of node " + node +
                                      "'s kubelet, which may still get the request for a checkpoint");
  }
  return silent;
}

}  // namespace

std::string remove_archives(const Migrator::Ports& ports, const op::RemoveArchives& o, const StopToken& stop) {
  const auto of = place_of(o);
  auto all = paths_of(ports.archives.list(o.node, of, stop));
  const auto made_in_time = [&] { return made_within(without(all, o.keep), o.asked, 0, kArrivesWithin); };
  auto found = made_in_time();
  if (found.empty()) {
    const bool was_silent = await_kubelet(ports, o.node, stop);
    const auto known = all;
    all = paths_of(ports.archives.list_new(o.node, of, {known, o.container_id, kAppearsWithin}, stop));
    found = was_silent ? without(all, known) : made_in_time();
  }
  if (found.empty()) return late_ones(made_within(without(all, o.keep), o.asked, kArrivesWithin + 1, kDay));
  if (found.size() > 1)
    throw Error(ErrorKind::inconsistent,
                fmt::format("somebody else made a checkpoint of the container at the same time: which of {} is ms2m's "
                            "cannot be told",
                            fmt::join(found, ", ")),
                "move the others away, then clean up again");
  // A dump whose request was lost goes on, and the container stays frozen until it is written.
  ports.archives.wait_complete(o.node, found.front(), stop);
  ports.archives.remove(o.node, found.front(), stop);
  return "";
}

void remove_archive(const Migrator::Ports& ports, const op::RemoveArchive& o, const StopToken& stop) {
  ports.archives.remove(o.node, o.path, stop);
}

void remove_dump(const Migrator::Ports& ports, const op::RemoveDump& o, const StopToken& stop) {
  ports.dumps.remove(o.node, o.id, stop);
}

void remove_layout(const Migrator::Ports& ports, const op::RemoveLayout& o, const StopToken& stop) {
  ports.images.remove_layout(o.node, o.directory, stop);
}

void remove_from_registry(const Migrator::Ports& ports, const op::RemoveFromRegistry& o, const StopToken& stop) {
  ports.registry.remove(o.node, o.name, stop);
}

void remove_image_name(const Migrator::Ports& ports, const op::RemoveImageName& o, const StopToken& stop) {
  ports.images.remove_name(o.node, o.name, stop);
}

void point_image_name(const Migrator::Ports& ports, const op::PointImageName& o, const StopToken& stop) {
  const auto image = ports.images.find(o.node, o.name, stop);
  if (!image) return;
  const auto pod = ports.cluster.get({Kind::pod, o.ns, o.pod}, stop);
  if (!pod || pod_node(*pod) != o.node)
    ports.images.remove_name(o.node, o.name, stop);  // the process went back: nobody here starts from it
  else if (image->id != o.original_id)
    ports.images.point_name(o.node, o.name, o.original_id, stop);
}

void remove_image(const Migrator::Ports& ports, const op::RemoveImage& o, const StopToken& stop) {
  ports.images.remove_image(o.node, o.id, stop);
}

}  // namespace ms2m
