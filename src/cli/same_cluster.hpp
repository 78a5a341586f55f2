// Whether the cluster that answers is the one on which a journal's migration was made.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m::cli {

/// How the cluster was chosen, and what the user calls.
struct ClusterChoice {
  std::string command;  ///< "abort"
  std::string kubeconfig;
  bool by_flag = false;  ///< --kubeconfig or --context was given now
};

/// Error{refused}, naming both, unless it is. On another cluster everything that the journal undoes would look as if it
/// were gone already. The uid of namespace kube-system decides; an address alone is no proof, and one that is new is
/// believed only when the user names the context. What cannot be compared is refused, too.
void require_same_cluster(const JournalSummary& journal, const ClusterIdentity& now, const ClusterChoice& choice);

}  // namespace ms2m::cli
