// Undo and finish operations as data: what a journal keeps, and whoever carries it out reads (undo/). Each is
// idempotent. Every operation says its name and its stage; its fields in a record are in operation_record.cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "journal/stage.hpp"
#include "ms2m/json.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

namespace op {

// Who consumes the queue.

/// Sends the source back to its queue, and waits for it there.
struct ResumeSource {
  static constexpr const char* kName = "resume_source";
  static constexpr Stage stage() { return Stage::source; }
  std::string ns, pod, uid, control_queue, queue, hold_queue;
  std::string relay_queue;   ///< shadow: the source's own queue, to be drained before it goes back; else empty
  std::uint64_t others = 0;  ///< consumers of the primary besides it
  std::string copy{};        ///< pod whose consumer is not the source's
  std::vector<std::string> addresses{};  ///< by which it is told apart from others (QuietSource::addresses)
};

/// Sends the copy to the queue until it serves there.
struct ResumeTarget {
  static constexpr const char* kName = "resume_target";
  static constexpr Stage stage() { return Stage::serve; }
  std::string ns, pod, control_queue, queue;
  std::string message;       ///< END_REPLAY
  std::uint64_t others = 0;  ///< competing consumers of the queue. The valve is not among them: it is open, or dead,
                             ///< when this is carried out
  // As in HandOver (undo/hand_over.hpp); left out where the source is gone before the copy comes.
  std::vector<std::string> strangers{};
  std::string container{}, instance{};
  std::vector<std::string> copy_addresses{};  ///< as Arrival::copy
  bool only_that_instance = false;
  Seconds limit{0};  ///< for it to serve; 0: none of its own
};

/// Sends the source of a stream back to it, and waits until it says that it is there.
struct ResumeStream {
  static constexpr const char* kName = "resume_stream";
  static constexpr Stage stage() { return Stage::source; }
  std::string ns, pod, uid, control_queue, queue, copy;
  /// Its hold queue, for one that does not answer STATUS: it is back in the stream when it has left that one and taken
  /// what was in its control queue. Empty: it says so itself.
  std::string hold{};
};

/// Sends the copy on in the stream, until it says that it serves.
struct ServeStream {
  static constexpr const char* kName = "serve_stream";
  static constexpr Stage stage() { return Stage::serve; }
  std::string ns, pod, control_queue, queue;
  std::string message;  ///< END_REPLAY
  Seconds limit{0};     ///< for it to serve
  bool silent = false;  ///< it does not answer STATUS: it serves when it has taken what was in its control queue
  std::string container{}, instance{};  ///< of a restored copy: the process that it was given to; empty: a fresh one
};

/// A source. `container`: the ID in the pod's status.
struct Frozen {
  std::string ns, pod, uid, node, container;
};
/// Removes the copy first, so that two never consume; then waits until the source consumes `queue` besides `others`.
struct ThawSource {
  static constexpr const char* kName = "thaw_source";
  static constexpr Stage stage() { return Stage::source; }
  Frozen source;
  std::string queue;
  std::uint64_t others = 0;
  std::string copy, id;
};
/// Lets a source at work go on, which its node does by itself, too, within seconds. Nobody waits for it.
struct Thaw {
  static constexpr const char* kName = "thaw";
  static constexpr Stage stage() { return Stage::files; }
  Frozen source;
};
/// Restores the copy of a frozen source and sees it consume `queue`.
struct StartCopy {
  static constexpr const char* kName = "start_copy";
  static constexpr Stage stage() { return Stage::clear_way; }
  std::string ns, pod, id, container, node, image, checkpoint, queue;
  /// By the runtime handler, from data of that digest, without an image; empty: from the image.
  std::string data{};
};

// Pods.

struct DeletePod {
  static constexpr const char* kName = "delete_pod";
  static constexpr Stage stage() { return Stage::copy; }
  std::string ns, pod, id;
};
/// How a source ends whose state goes on elsewhere.
struct Exit {
  std::string container{};  ///< stands still from before its deletion, so that its shutdown code never runs; or empty
  bool gently = false;      ///< by its kubelet, in the pod's own grace period
  friend bool operator==(const Exit&, const Exit&) = default;
};

/// `hold`: the queue that it listens to, if it is quiet (as RemoveSource); else empty.
struct RetirePod {
  static constexpr const char* kName = "retire_pod";
  static constexpr Stage stage() { return Stage::source; }
  std::string ns, pod, uid, target, hold;
  Seconds patience{0};
  Exit exit{};
};
/// Its ReplicaSet swaps source and target.
struct Adopt {
  static constexpr const char* kName = "adopt";
  static constexpr Stage stage() { return Stage::source; }
  std::string ns, source_pod, source_uid, target_pod, hash;
  Json source_cost;  ///< the source's own deletion cost, or null
  Seconds patience{0};
  /// A frozen source's: once it is being deleted, its process is killed on the node, so that nothing can wake it. Not
  /// before: the kubelet would start it again. Empty: it is not frozen.
  std::string node{}, frozen{};
  std::string hold{};  ///< that a quiet source listens to; empty: it is not quiet
  Exit exit{};         ///< of one that is not frozen
};
struct RestoreCost {
  static constexpr const char* kName = "restore_cost";
  static constexpr Stage stage() { return Stage::marks; }
  std::string ns, pod, uid;
  Json cost;
};
/// As Adopt::frozen.
struct RetireFrozen {
  static constexpr const char* kName = "retire_frozen";
  static constexpr Stage stage() { return Stage::source; }
  Frozen source;
};
struct StripMarks {
  static constexpr const char* kName = "strip_marks";
  static constexpr Stage stage() { return Stage::marks; }
  std::string ns, pod;
};

// The broker.

struct DeleteQueue {
  static constexpr const char* kName = "delete_queue";
  static constexpr Stage stage() { return Stage::queues; }
  std::string queue;
  bool drained = false;  ///< its messages have left the primary: it is not deleted while any is in it
  /// Whose it was: when that pod is gone, what is left in it goes to the end of `primary`. Empty: it stays.
  std::string ns{}, pod{}, uid{};
  std::string primary{}, tee{};
};
struct DeleteExchange {
  static constexpr const char* kName = "delete_exchange";
  static constexpr Stage stage() { return Stage::exchanges; }
  std::string exchange;
};
struct DeleteControlQueue {
  static constexpr const char* kName = "delete_control_queue";
  static constexpr Stage stage() { return Stage::control_queues; }
  std::string queue, ns, pod, uid;
};

// The nodes.

/// A checkpoint whose answer was lost: its archive is the only one of that container that is not in `keep` and was
/// asked for in the minute after `asked` (by the node's clock; nullopt: not known), or that comes when the kubelet,
/// which could not be asked, answers again. Whoever else made one in that time: none is removed, all are named.
struct RemoveArchives {
  static constexpr const char* kName = "remove_archives";
  static constexpr Stage stage() { return Stage::files; }
  std::string node, directory, ns, pod, container;
  std::vector<std::string> keep;
  std::optional<std::int64_t> asked;
  std::string container_id{};
};
struct RemoveArchive {
  static constexpr const char* kName = "remove_archive";
  static constexpr Stage stage() { return Stage::files; }
  std::string node, path;
};
/// A checkpoint by the node's own runtime.
struct RemoveDump {
  static constexpr const char* kName = "remove_dump";
  Stage stage() const { return at; }
  std::string node, id;
  /// Or clear_way: its pages were kept back, and the source stands still until it is gone.
  Stage at = Stage::files;
};
struct RemoveLayout {
  static constexpr const char* kName = "remove_layout";
  static constexpr Stage stage() { return Stage::files; }
  std::string node, directory;
};
/// What a move has left in a registry: `name` with its tag. Asked of it by `node`.
struct RemoveFromRegistry {
  static constexpr const char* kName = "remove_from_registry";
  static constexpr Stage stage() { return Stage::files; }
  std::string node, name;
};
struct RemoveImageName {
  static constexpr const char* kName = "remove_image_name";
  Stage stage() const { return at; }
  std::string node, name;
  Stage at = Stage::image_names;  ///< or copy_image_name, staged_names
};
/// Points the checkpoint image's name, if it is there, at the original image; removes it where the pod is not on that
/// node.
struct PointImageName {
  static constexpr const char* kName = "point_image_name";
  static constexpr Stage stage() { return Stage::image_names; }
  std::string node, name, original_id, ns, pod;
};
struct RemoveImage {
  static constexpr const char* kName = "remove_image";
  static constexpr Stage stage() { return Stage::images; }
  std::string node, id;
};
/// By the runtime handler. Ends who waits for it, and the copy, if there is one that is a copy still.
struct TakeBackRestore {
  static constexpr const char* kName = "take_back_restore";
  static constexpr Stage stage() { return Stage::process; }
  std::string node, id;
};
/// From here on the copy, should it end, starts cold.
struct CompleteRestore {
  static constexpr const char* kName = "complete_restore";
  static constexpr Stage stage() { return Stage::own_instance; }
  std::string node, id;
  /// Of a copy that may have been restored again, on another node or under another ID; else empty.
  std::string ns{}, pod{};
  bool memory_follows = false;  ///< it has all of its memory only when this was done; until then the source keeps it
};
/// The data, and what is known of restores whose pods are gone.
struct RemoveRestore {
  static constexpr const char* kName = "remove_restore";
  static constexpr Stage stage() { return Stage::files; }
  std::string node, id;
};
struct ReleaseLease {
  static constexpr const char* kName = "release_lease";
  static constexpr Stage stage() { return Stage::lease; }
  std::string ns, name, holder;
};

// Where the copy takes the source's name: a name can exist once, so the set and the source go before the copy comes.

struct OrphanSet {
  static constexpr const char* kName = "orphan_set";
  static constexpr Stage stage() { return Stage::clear_way; }
  std::string ns, name, uid;
};
/// Deletes the quiet source. `target`: its successor, which is at work already; empty: it comes after it.
struct RemoveSource {
  static constexpr const char* kName = "remove_source";
  Stage stage() const { return target.empty() ? Stage::end_source : Stage::end_idle_source; }
  std::string ns, pod, uid, hold_queue, target{};
  Seconds patience{0};
  Exit exit{};
};
/// `object` on its node; where that cannot restore it, the process goes back to `node`, where its archive is.
struct RestorePod {
  static constexpr const char* kName = "restore_pod";
  static constexpr Stage stage() { return Stage::restore; }
  Json object;
  std::string hold_queue;
  std::string node, archive, directory, image, container, architecture, user, control_queue;
  /// By the runtime handler, without a checkpoint image: the digest of what was brought to the object's node for it,
  /// and the ID of its own image. Empty: from the image.
  std::string data{}, image_id{};
};
struct RecreateSet {
  static constexpr const char* kName = "recreate_set";
  static constexpr Stage stage() { return Stage::owner; }
  Json object;
  std::string pod;
};
/// The copy of a StatefulSet's pod gets the source's name by a migration of its own (engine/identity.hpp). Only the
/// coordinator can carry it out.
struct Rename {
  static constexpr const char* kName = "rename";
  static constexpr Stage stage() { return Stage::source; }
  std::string id, ns, copy, node, container, queue;
  Json source;    ///< the pod whose name and spec it takes
  Json settings;  ///< of the request
};

// Sequential: the set is scaled down and up around the copy.

struct Scaling {
  std::string ns, set, set_uid;
  int replicas = 1;  ///< before and after
  std::string pod, pod_uid, image;
};
struct ScaleDown {
  static constexpr const char* kName = "scale_down";
  static constexpr Stage stage() { return Stage::clear_way; }
  Scaling scaling;
};
/// `labels`: what the copy gets so that the set adopts it.
struct ScaleUp {
  static constexpr const char* kName = "scale_up";
  static constexpr Stage stage() { return Stage::source; }
  Scaling scaling;
  Json labels;
};
struct EndSource {
  static constexpr const char* kName = "end_source";
  static constexpr Stage stage() { return Stage::end_source; }
  std::string ns, pod, uid, image, hold_queue;
  int grace_seconds = 30;   ///< the pod's own
  bool delete_pod = false;  ///< false: the set's controller deletes it
  bool at_once = false;     ///< not in its grace period
  std::string container{};  ///< as Exit::container
};

}  // namespace op

using Operation =
    std::variant<op::ResumeSource, op::ResumeTarget, op::ResumeStream, op::ServeStream, op::ThawSource, op::Thaw,
                 op::StartCopy, op::DeletePod, op::RetirePod, op::Adopt, op::RestoreCost, op::RetireFrozen,
                 op::StripMarks, op::DeleteQueue, op::DeleteExchange, op::DeleteControlQueue, op::RemoveArchives,
                 op::RemoveArchive, op::RemoveDump, op::RemoveLayout, op::RemoveFromRegistry, op::RemoveImageName,
                 op::PointImageName, op::RemoveImage, op::TakeBackRestore, op::CompleteRestore, op::RemoveRestore,
                 op::ReleaseLease, op::OrphanSet, op::RemoveSource, op::RestorePod, op::RecreateSet, op::Rename,
                 op::ScaleDown, op::ScaleUp, op::EndSource>;

Stage stage(const Operation& operation);

}  // namespace ms2m
