// Undo and finish operations: data in the journal, carried out here. Each is idempotent, has its own time limit and is
// reported singly. Nothing here keeps state: after a crash another process carries out the same data.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "handover/arrival.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/place.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// Makers of the data. "op" names the operation, "prio" its place: lower runs first, service-restoring ones lowest.
namespace op {
struct Source {
  std::string ns, pod, uid, control_queue, queue, hold_queue;
  std::string relay_queue;   ///< shadow: the source's own queue, to be drained before it goes back; else empty
  std::uint64_t others = 0;  ///< consumers of the primary besides it
  std::string copy{};        ///< pod whose consumer is not the source's
  std::vector<std::string> addresses{};  ///< by which it is told apart from others (Run::source_addresses)
};
Json resume_source(const Source& source);
struct Target {
  std::string ns, pod, control_queue, queue;
  std::uint64_t others = 0;  ///< competing consumers of the queue. The valve is not among them: it is open, or dead,
                             ///< when this is carried out
  // As in HandOver (hand_over.hpp); left out where the source is gone before the copy comes.
  std::vector<std::string> strangers{};
  std::string container{}, instance{};
  std::vector<std::string> copy_addresses{};  ///< as Arrival::copy
  bool only_that_instance = false;
  Seconds limit{0};
};
Json resume_target(const Target& target, const std::string& message);
Json delete_pod(const std::string& ns, const std::string& pod, const std::string& id);
/// `hold`: the queue that it listens to, if it need not end gently (remove_source); else empty.
Json retire_pod(const std::string& ns, const std::string& pod, const std::string& uid, const std::string& target,
                const std::string& hold);
struct Adoption {
  std::string ns, source_pod, source_uid, target_pod, hash;
  Json source_cost;  ///< the source's own deletion cost, or null
};
Json adopt(const Adoption& adoption);
Json restore_cost(const Adoption& adoption);
/// The same for a source that is frozen (`--protocol none`): once it is being deleted, its process is killed on the
/// node, so that nothing can wake it. Not before: the kubelet would start it again.
struct Frozen {
  std::string ns, pod, uid, node, container;  ///< container: the ID in the pod's status
};
Json retire_frozen(const Frozen& source);
Json adopt_from_frozen(const Adoption& adoption, const Frozen& source);
/// Removes the copy first, so that two never consume; then waits until the source consumes `queue` besides `others`.
Json thaw_source(const Frozen& source, const std::string& queue, std::uint64_t others, const std::string& copy,
                 const std::string& id);
struct Copy {
  std::string ns, pod, id, container, node, image, checkpoint, queue;
};
Json start_copy(const Copy& copy);
Json strip_marks(const std::string& ns, const std::string& pod);
Json delete_queue(const std::string& queue);
/// A queue whose messages have left the primary: refuses to delete it while any is in it.
Json delete_drained_queue(const std::string& queue);
Json delete_exchange(const std::string& exchange);
Json delete_control_queue(const std::string& queue, const std::string& ns, const std::string& pod,
                          const std::string& uid);
/// A checkpoint whose answer was lost: its archive is the only one of that container that is not in `keep` and was
/// asked for in the seconds after `asked` (by the node's clock; nullopt: not known). Whoever else made one in these
/// seconds: none is removed, all are named.
struct Asked {
  std::string node, directory, ns, pod, container;
  std::vector<std::string> keep;
  std::optional<std::int64_t> asked;
};
Json remove_archives(const Asked& asked);
Json remove_archive(const std::string& node, const std::string& path);
Json remove_layout(const std::string& node, const std::string& directory);
Json remove_image_name(const std::string& node, const std::string& name);
/// After remove_image(): what is left of a name that nothing runs from.
Json remove_staged_name(const std::string& node, const std::string& name);
Json remove_image(const std::string& node, const std::string& id);
/// Points the checkpoint image's name, if it is there, at the original image; removes it where the pod is not on that
/// node.
Json settle_image(const std::string& node, const std::string& name, const std::string& original_id,
                  const std::string& ns, const std::string& pod);
Json release_lease(const std::string& ns, const std::string& name, const std::string& holder);

// StatefulSet: a name can exist once, so the set and the source go before the copy comes. After the pivot, in this
// order.
Json orphan_set(const std::string& ns, const std::string& name, const std::string& uid);
Json remove_source(const std::string& ns, const std::string& pod, const std::string& uid,
                   const std::string& hold_queue);
/// Where the process goes back to when the target cannot restore it.
struct Fallback {
  std::string node, archive, directory, image, container, architecture, user, control_queue;
};
Json restore_pod(const Json& pod, const std::string& hold_queue, const Fallback& fallback);
Json recreate_set(const Json& set, const std::string& pod);
/// Shadow: the copy gets the source's name by a migration of its own (identity.hpp). Only the coordinator can carry it
/// out.
struct Identity {
  std::string id, ns, copy, node, container, queue;
  Json source;    ///< the pod whose name and spec it takes
  Json settings;  ///< of the request
};
Json take_identity(const Identity& identity);

// Sequential: the set is scaled down and up around the copy. After the pivot, in this order, with restore_pod in
// between.
struct Scaling {
  std::string ns, set, set_uid;
  int replicas = 1;  ///< before and after
  std::string pod, pod_uid, image;
};
Json scale_down(const Scaling& scaling);
/// `labels`: what the copy gets so that the set adopts it.
Json scale_up(const Scaling& scaling, const Json& labels);
struct Ending {
  std::string ns, pod, uid, image, hold_queue;
  int grace_seconds = 30;   ///< the pod's own
  bool delete_pod = false;  ///< false: the set's controller deletes it
};
Json end_source(const Ending& ending);
}  // namespace op

int priority(const Json& operation);
/// The time that it may take at least, whatever the coordinator's limit is.
Seconds patience(const Json& operation);
/// What the operation has under that key; empty when it has nothing.
std::string text(const Json& operation, const char* key);
/// "delete queue ms2m.x.hold"
std::string describe(const Json& operation);
/// The command by which a person does the same: a single one of kubectl or the broker where nothing else depends on it,
/// else ms2m's own for the migration `id`.
std::string command(const Json& operation, const Place& place, const std::string& id);

class Operations {
 public:
  using TakeIdentity = std::function<void(const Json& operation, const StopToken& stop)>;
  explicit Operations(const Migrator::Ports& ports, TakeIdentity take_identity = {})
      : ports_(ports), take_identity_(std::move(take_identity)) {}
  /// Throws Error when it could not be done. Cancelled passes through.
  void run(const Json& operation, const StopToken& stop);

 private:
  Migrator::Ports ports_;
  TakeIdentity take_identity_;
};

}  // namespace ms2m
