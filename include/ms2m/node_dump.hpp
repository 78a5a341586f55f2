// Port: a container's checkpoint by the OCI runtime of its node, without the kubelet.
//
// Thread rule: as node.hpp.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

struct DumpResult {
  Bytes bytes;       ///< of what a Carrier carries
  Millis frozen{0};  ///< how long the container stood still; with pages kept back, so far
  Bytes pages{};     ///< of memory that was kept back
};

/// `id`: the migration's; the dump's as well (RuntimeDump). Errors as Nodes::open().
class RuntimeCheckpoints {
 public:
  virtual ~RuntimeCheckpoints() = default;
  /// The container (as ContainerProcess has it) is frozen, checkpointed, its changed files are read, and it runs on,
  /// also when that fails or is stopped, or the session ends; should `stop` come in the middle, CRIU still comes to its
  /// end first, and the container runs on only then. One that this object's session has frozen stays frozen. What is
  /// made lies on the node until remove(), or the end of the session: then a move of it is Error{not_found}. Nothing
  /// stays of one that fails. Error{not_found}: the container does not run there; {conflict}: there is such a dump, or
  /// the container is frozen by somebody else, or, where its runtime has a control group of its own below (crun with
  /// systemd), by anybody; {refused}: what it runs on is not understood, or has changes that cannot be carried;
  /// {failed}: with CRIU's last errors.
  virtual DumpResult take(const std::string& node, const std::string& id, const std::string& container,
                          const StopToken& stop) = 0;
  /// The same, but the pages of private memory are kept back, for Carrier::bring_pages(), and the container stands
  /// still until they were fetched. It runs again when that has come to its end, whatever end, and when the dump is
  /// removed, the session ends, or `limit` is over. Error{refused}: CRIU cannot keep them back on this node.
  virtual DumpResult take_without_pages(const std::string& node, const std::string& id, const std::string& container,
                                        Millis limit, const StopToken& stop) = 0;
  /// Waits for the end of one that is still being made, whichever session's. False: there is none. Idempotent.
  virtual bool remove(const std::string& node, const std::string& id, const StopToken& stop) = 0;
};

}  // namespace ms2m
