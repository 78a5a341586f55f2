#include "node/program/images.hpp"

#include "ms2m/error.hpp"
#include "node/program/layouts.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m::node {

ImageTool image_probe(const NodeRuntime& runtime, const StopToken& stop) { return {runtime.probe(stop)}; }

ImageFound image_find(const NodeRuntime& runtime, const ImageFind& request, const StopToken& stop) {
  return {runtime.find(image_reference(request.name_or_id), stop)};
}

ImageListing image_list(const NodeRuntime& runtime, const StopToken& stop) { return {runtime.list(stop)}; }

ImageId image_import(const NodeRuntime& runtime, const Roots& roots, const ImageImport& request,
                     const StopToken& stop) {
  const CheckpointImage& image = request.image;
  check_layout_directory(image.directory, roots.layouts);
  check_image_name(image.name);
  if (!is_sha256(image.sha256)) throw Error(ErrorKind::usage, "'" + image.sha256 + "' is not a SHA-256 digest");
  const posix::UniqueFd layout = open_layout(roots.layouts, image.directory);
  if (!layout) throw Error(ErrorKind::failed, "importing image " + image.name + ": there is no " + image.directory);
  ImageId imported{runtime.import_checkpoint(layout.get(), image, stop)};
  remove_layout(roots.layouts, image.directory);
  return imported;
}

void image_take_back(const NodeRuntime& runtime, const Roots& roots, const std::string& directory,
                     const StopToken& stop) {
  check_layout_directory(directory, roots.layouts);
  runtime.take_back_import(directory, stop);
}

Nothing image_point_name(const NodeRuntime& runtime, const ImagePointName& request, const StopToken& stop) {
  check_image_name(request.name);
  runtime.point_name(request.name, check_image_id(request.id), stop);
  return {};
}

Found image_remove_name(const NodeRuntime& runtime, const ImageRemoveName& request, const StopToken& stop) {
  check_image_name(request.name);
  return {runtime.remove_name(request.name, stop)};
}

Found image_remove(const NodeRuntime& runtime, const ImageRemove& request, const StopToken& stop) {
  return {runtime.remove_image(check_image_id(request.id), stop)};
}

}  // namespace ms2m::node
