// A restore that is prepared on a node: a container of a pod that is created there becomes a copy of a checkpointed
// one.
#pragma once
#include <string>

namespace ms2m {

/// Which row of the node's table holds. `create` of the container waits in `prepared` (and restores once the pod's UID
/// is known and the data is there), starts it cold in `done`, and is refused in every other one.
enum class RestoreState {
  unknown,   ///< the node has no record of that ID
  prepared,  ///< nothing of it ran yet
  taken,     ///< restoring began; also what a restore that failed leaves
  restored,  ///< the copy runs, or has run
  done,      ///< the copy is the pod's only instance: what ends starts anew
  voided,    ///< taken back, or never used in its time
};
const char* to_string(RestoreState state) noexcept;

/// What a restore is for. `create` of any other container is refused.
struct RestoreTarget {
  std::string ns, pod, container;
  std::string image_id;      ///< of the source: hex, with or without "sha256:"
  std::string kubelet_root;  ///< the target's kubelet's: the mark is kept while it has a directory pods/<uid>
  friend bool operator==(const RestoreTarget&, const RestoreTarget&) = default;
};

struct RestoreStatus {
  RestoreState state = RestoreState::unknown;
  std::string uid;           ///< of the pod that it is bound to; "": not bound yet
  bool ready = false;        ///< the data is there, and verified
  bool waiting = false;      ///< a `create` waits for it now
  std::string container_id;  ///< since `taken`
  std::string failure;       ///< why it was taken and did not become `restored`
  friend bool operator==(const RestoreStatus&, const RestoreStatus&) = default;
};

}  // namespace ms2m
