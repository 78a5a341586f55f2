#include "undo/node_operations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kube/objects/object.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// A request is at its kubelet within this time, in seconds, unless the API server was silent for longer.
constexpr std::int64_t kArrivesWithin = 60;
constexpr std::int64_t kEver = std::int64_t{1} << 40;
/// From the kubelet's hearing of it to the archive's being there, which its runtime begins when the process is dumped.
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
  std::erase_if(paths,
                [&](const auto& path) { return std::find(others.begin(), others.end(), path) != others.end(); });
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

/// The request may lie with an API server that is silent, or was until now: the kubelet hears of it when that speaks.
std::vector<std::string> that_come_yet(const Migrator::Ports& ports, const op::RemoveArchives& o,
                                       const std::vector<std::string>& known, const StopToken& stop) {
  while (ports.cluster.answers(stop.within(kAnswersWithin)) == false)
    stop.sleep(kBetweenQuestions, "waiting for an answer of the API server, which may still pass the request on to " +
                                      o.node + "'s kubelet");
  return without(paths_of(ports.archives.list_new(o.node, place_of(o), known, kAppearsWithin, stop)), known);
}

void refuse_late_ones(const std::vector<std::string>& paths) {
  if (!paths.empty())
    throw Error(ErrorKind::inconsistent,
                fmt::format("the request for a checkpoint had no answer, and {} was made long after it: by it, after "
                            "all, or by somebody else",
                            fmt::join(paths, ", ")),
                "remove it when nobody else made it, else move it away; then clean up again");
}

}  // namespace

void remove_archives(const Migrator::Ports& ports, const op::RemoveArchives& o, const StopToken& stop) {
  const auto known = paths_of(ports.archives.list(o.node, place_of(o), stop));
  const auto others = without(known, o.keep);
  auto found = made_within(others, o.asked, 0, kArrivesWithin);
  if (found.empty()) found = that_come_yet(ports, o, known, stop);
  if (found.empty()) refuse_late_ones(made_within(others, o.asked, kArrivesWithin + 1, kEver));
  if (found.empty()) return;
  if (found.size() > 1)
    throw Error(ErrorKind::inconsistent,
                fmt::format("somebody else made a checkpoint of the container at the same time: which of {} is ms2m's "
                            "cannot be told",
                            fmt::join(found, ", ")),
                "move the others away, then clean up again");
  // A dump whose request was lost goes on, and the container stays frozen until it is written.
  ports.archives.wait_complete(o.node, found.front(), stop);
  ports.archives.remove(o.node, found.front(), stop);
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
