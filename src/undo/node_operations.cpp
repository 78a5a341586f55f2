#include "undo/node_operations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kube/objects/object.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// A request is at its kubelet within this time, or not at all.
constexpr std::int64_t kArrivesWithin = 15;

std::vector<std::string> archives_asked_for(const Migrator::Ports& ports, const op::RemoveArchives& o,
                                            const StopToken& stop) {
  const std::string directory = o.directory.empty() ? checkpoint_directory(kKubeletRoot) : o.directory;
  std::vector<std::string> found;
  for (const ArchiveFile& file : ports.archives.list(o.node, directory, o.ns, o.pod, o.container, stop)) {
    const auto made = archive_time(file.path);
    const std::int64_t asked = o.asked.value_or(made.value_or(0));
    const bool in_time = made && *made >= asked && *made <= asked + kArrivesWithin;
    if (in_time && std::find(o.keep.begin(), o.keep.end(), file.path) == o.keep.end()) found.push_back(file.path);
  }
  return found;
}

}  // namespace

void remove_archives(const Migrator::Ports& ports, const op::RemoveArchives& o, const StopToken& stop) {
  const auto found = archives_asked_for(ports, o, stop);
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
