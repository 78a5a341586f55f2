// Makers of operations (operation.hpp).
#pragma once
#include <string>
#include <utility>

#include "journal/operation.hpp"

namespace ms2m::op {

inline ResumeSource resume_source(ResumeSource source) { return source; }
inline ResumeTarget resume_target(ResumeTarget target, std::string message) {
  target.message = std::move(message);
  return target;
}
inline DeletePod delete_pod(std::string ns, std::string pod, std::string id) { return {ns, pod, id}; }
inline RetirePod retire_pod(std::string ns, std::string pod, std::string uid, std::string target, std::string hold) {
  return {ns, pod, uid, target, hold};
}
using Adoption = Adopt;
inline Adopt adopt(Adopt adoption) { return adoption; }
inline RestoreCost restore_cost(const Adopt& a) { return {a.ns, a.source_pod, a.source_uid, a.source_cost}; }
inline RetireFrozen retire_frozen(Frozen source) { return {std::move(source)}; }
inline Adopt adopt_from_frozen(Adopt adoption, const Frozen& source) {
  adoption.node = source.node;
  adoption.frozen = source.container;
  return adoption;
}
inline ThawSource thaw_source(Frozen source, std::string queue, std::uint64_t others, std::string copy,
                              std::string id) {
  return {std::move(source), queue, others, copy, id};
}
inline StartCopy start_copy(StartCopy copy) { return copy; }
inline StripMarks strip_marks(std::string ns, std::string pod) { return {ns, pod}; }
inline DeleteQueue delete_queue(std::string queue) { return {std::move(queue)}; }
inline DeleteQueue delete_drained_queue(std::string queue) { return {std::move(queue), true}; }
inline DeleteExchange delete_exchange(std::string exchange) { return {std::move(exchange)}; }
inline DeleteControlQueue delete_control_queue(std::string queue, std::string ns, std::string pod, std::string uid) {
  return {queue, ns, pod, uid};
}
inline RemoveArchives remove_archives(RemoveArchives asked) { return asked; }
inline RemoveArchive remove_archive(std::string node, std::string path) { return {node, path}; }
inline RemoveLayout remove_layout(std::string node, std::string directory) { return {node, directory}; }
inline RemoveImageName remove_image_name(std::string node, std::string name) { return {node, name}; }
/// After remove_image(): what is left of a name that nothing runs from.
inline RemoveImageName remove_staged_name(std::string node, std::string name) {
  return {node, name, Stage::staged_names};
}
inline RemoveImage remove_image(std::string node, std::string id) { return {node, id}; }
inline PointImageName settle_image(std::string node, std::string name, std::string original_id, std::string ns,
                                   std::string pod) {
  return {node, name, original_id, ns, pod};
}
inline ReleaseLease release_lease(std::string ns, std::string name, std::string holder) { return {ns, name, holder}; }
inline OrphanSet orphan_set(std::string ns, std::string name, std::string uid) { return {ns, name, uid}; }
inline RemoveSource remove_source(std::string ns, std::string pod, std::string uid, std::string hold) {
  return {ns, pod, uid, hold};
}
struct Fallback {
  std::string node, archive, directory, image, container, architecture, user, control_queue;
};
inline RestorePod restore_pod(Json pod, std::string hold, Fallback f) {
  return {std::move(pod), hold,        f.node,         f.archive, f.directory,
          f.image,        f.container, f.architecture, f.user,    f.control_queue};
}
inline RecreateSet recreate_set(Json set, std::string pod) { return {std::move(set), std::move(pod)}; }
using Identity = Rename;
inline Rename take_identity(Rename rename) { return rename; }
inline ScaleDown scale_down(Scaling scaling) { return {std::move(scaling)}; }
inline ScaleUp scale_up(Scaling scaling, Json labels) { return {std::move(scaling), std::move(labels)}; }
using Ending = EndSource;
inline EndSource end_source(EndSource ending) { return ending; }

}  // namespace ms2m::op
