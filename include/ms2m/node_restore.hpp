// A restore that is prepared on a node: a container of a pod that is created there becomes a copy of a checkpointed
// one.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// Of a pod whose container is to be restored: "ID/CONTAINER".
inline constexpr const char* kRestoreAnnotation = "ms2m.io/restore";

/// Which row of the node's table holds. `create` of the container waits in `prepared` (and restores once the pod's UID
/// is known and the data is there), starts it cold in `done`, and is refused in every other one.
enum class RestoreState {
  unknown,   ///< the node has no record of that ID
  prepared,  ///< nothing of it ran yet
  taken,     ///< restoring began; also what a restore that failed leaves
  restored,  ///< the copy runs, or has run
  done,      ///< the copy is the pod's only instance: what ends starts anew
  voided,    ///< taken back, not used in its time, or prepared before the node was last started
};
const char* to_string(RestoreState state) noexcept;

/// What a restore is for. `create` of any other container is refused.
struct RestoreTarget {
  std::string ns, pod, container;
  std::string image_id;  ///< of the source: hex, with or without "sha256:"
  friend bool operator==(const RestoreTarget&, const RestoreTarget&) = default;
};

struct RestoreStatus {
  RestoreState state = RestoreState::unknown;
  std::string uid;           ///< of the pod that it is bound to; "": not bound yet
  bool ready = false;        ///< the data is there, and verified
  bool waiting = false;      ///< a `create` waits for it now
  std::string container_id;  ///< since `taken`
  /// Restored, and the container runtime has started it since: it knows it, and its kubelet will. Before that a runtime
  /// that is restarted forgets it, and it ends.
  bool started = false;
  std::string failure;  ///< why it did not become `restored`, where that is known; or why its memory did not all come
  bool memory_comes = false;  ///< `restored`, and a part of its memory has not come yet (PagesRequest::lazy)
  friend bool operator==(const RestoreStatus&, const RestoreStatus&) = default;
};

/// Restores by ms2m's runtime handler on nodes; `id` is the migration's: lower-case letters, digits and '-'. What was
/// answered is on the node's disk, and holds for every `create` from then on, also without a session.
///
/// Thread-safe, blocking and stopping as the ports of node.hpp; whatever changes something may be called twice. Errors
/// as Nodes::open(), and: {conflict}, its state does not allow that; {not_found}, the node has none of that ID; {usage,
/// refused}, before anything is sent, for a name or path that is none.
class NodeRestores {
 public:
  virtual ~NodeRestores() = default;
  /// `create` of that container waits from now on, each time for at most `wait`; one that nobody used is void `valid`
  /// after. Removes what sweep() would. Error{conflict}: there is one of that ID for something else.
  virtual void prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait,
                       Seconds valid, const StopToken& stop) = 0;
  /// To the UID of the pod that was created for it, once; `kubelet_root` has a directory pods/<uid>, and as long as it
  /// has, the record stays. Error{conflict}: another one.
  virtual void bind(const std::string& node, const std::string& id, const std::string& uid,
                    const std::string& kubelet_root, const StopToken& stop) = 0;
  /// The data that a Carrier brought there (Unpack::restore), with that digest, may be used. Error{failed}: it is not
  /// there, or another one.
  virtual void ready(const std::string& node, const std::string& id, const std::string& sha256,
                     const StopToken& stop) = 0;
  /// Its status, as soon as that is another one than `seen`; with none seen at once. No such restore: at once,
  /// `unknown`.
  virtual RestoreStatus watch(const std::string& node, const std::string& id, const std::optional<RestoreStatus>& seen,
                              const StopToken& stop) = 0;
  /// The copy is the pod's only instance from now on: what is created after it starts cold.
  virtual void done(const std::string& node, const std::string& id, const StopToken& stop) = 0;
  /// Nothing of it runs any more, or will: whoever waits for it, restores it or was restored has been ended. False:
  /// there was none. Error{conflict}: it is `done`.
  virtual bool take_back(const std::string& node, const std::string& id, const StopToken& stop) = 0;
  /// The record stays. False: there was none. Error{conflict} while it is prepared or taken, or somebody restores it.
  virtual bool remove_data(const std::string& node, const std::string& id, const StopToken& stop) = 0;
  /// By ID: all that the node has. One whose record cannot be read (another version's, say) is `unknown`, and its
  /// failure says why.
  virtual std::map<std::string, RestoreStatus> list(const std::string& node, const StopToken& stop) = 0;
  /// Removes records and data of those that have ended and whose pod the kubelet does not have any more; their IDs.
  /// Error{failed}: some cannot be removed, the others were.
  virtual std::vector<std::string> sweep(const std::string& node, const StopToken& stop) = 0;
};

}  // namespace ms2m
