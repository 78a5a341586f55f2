#include "plan/restoring.hpp"

#include <fmt/format.h>

#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/traits.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m {
namespace {

std::optional<Trouble> against_node(const NodeFacts& facts, const std::string& name) {
  const std::string setup = "ms2m node setup " + name;
  if (!facts.tools.asked)
    return Trouble{fmt::format("whether node {} has ms2m's runtime handler could not be found out", name),
                   "see why the node does not answer, or migrate with --restore image"};
  if (facts.tools.handler.empty()) return Trouble{fmt::format("node {} has no runtime handler of ms2m's", name), setup};
  if (!facts.tools.handler_configured)
    return Trouble{fmt::format("the container runtime of node {} is not configured for ms2m's handler", name), setup};
  // One build reads what it wrote itself, however old it is; a record of another one it may not know.
  if (facts.tools.handler != facts.tools.program)
    return Trouble{
        fmt::format("the runtime handler of node {} is of build {}, and the node program that works there of "
                    "build {}: they may not understand each other",
                    name, facts.tools.handler, facts.tools.program),
        setup};
  return std::nullopt;
}

std::optional<Trouble> against_pod(const Facts& facts) {
  const std::string own = traits_of(facts.pod).runtime_class;
  if (!own.empty() && own != kHandlerName)
    return Trouble{fmt::format("the pod has a runtime class of its own, {}, and can have only one", own),
                   "use --restore image"};
  const auto container = container_in(facts.pod, facts.container);
  if (container && is_checkpoint_image_name(container->image))
    return Trouble{"the pod came by a checkpoint image, whose name no other node can pull",
                   "use --restore image, or let its owner make the pod anew once"};
  if (source_image_id(facts).empty())
    return Trouble{"the ID of the image that the container runs is not known, and the copy must have the same one",
                   "use --restore image"};
  return std::nullopt;
}

}  // namespace

bool handler_restores(Course course) {
  return course != Course::fanout && course != Course::sequential && course != Course::replay;
}

std::optional<Trouble> against_handler(const Facts& facts, const MigrationRequest& request) {
  if (!handler_restores(facts.procedure.course))
    return Trouble{"the published procedures restore from a checkpoint image", "use --restore image"};
  if (auto trouble = against_pod(facts)) return trouble;
  if (auto trouble = against_node(facts.target, request.target_node)) return trouble;
  // The way back, should the target not be able to restore it.
  if (facts.procedure.source_first())
    if (auto trouble = against_node(facts.source, pod_node(facts.pod))) return trouble;
  if (!facts.handler_class)
    return Trouble{"whether the cluster has ms2m's RuntimeClass is not known", "grant get on runtimeclasses"};
  if (!*facts.handler_class)
    return Trouble{fmt::format("the cluster has no RuntimeClass {} with the handler of that name", kHandlerName),
                   "ms2m node setup " + request.target_node};
  return std::nullopt;
}

Restoring restoring_of(const Facts& facts, const MigrationRequest& request) {
  if (!facts.procedure.moves_memory()) return Restoring::fresh;
  if (request.restore == RestoreChoice::image || !handler_restores(facts.procedure.course)) return Restoring::image;
  if (request.restore == RestoreChoice::handler) return Restoring::handler;
  return against_handler(facts, request) ? Restoring::image : Restoring::handler;
}

}  // namespace ms2m
