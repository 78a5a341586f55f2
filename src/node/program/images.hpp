// Requests about images, checked, for the node's runtime.
#pragma once
#include <string>

#include "node/program/roots.hpp"
#include "node/protocol/messages.hpp"
#include "node/runtime/runtime.hpp"

namespace ms2m::node {

ImageTool image_probe(const NodeRuntime& runtime, const StopToken& stop);
ImageFound image_find(const NodeRuntime& runtime, const ImageFind& request, const StopToken& stop);
ImageListing image_list(const NodeRuntime& runtime, const StopToken& stop);
/// What an import from a layout that is to go has left in the store: it goes before the layout, which tells of it.
void image_take_back(const NodeRuntime& runtime, const Roots& roots, const std::string& directory,
                     const StopToken& stop);
ImageId image_import(const NodeRuntime& runtime, const Roots& roots, const ImageImport& request, const StopToken& stop);
Nothing image_point_name(const NodeRuntime& runtime, const ImagePointName& request, const StopToken& stop);
Found image_remove_name(const NodeRuntime& runtime, const ImageRemoveName& request, const StopToken& stop);
Found image_remove(const NodeRuntime& runtime, const ImageRemove& request, const StopToken& stop);

}  // namespace ms2m::node
