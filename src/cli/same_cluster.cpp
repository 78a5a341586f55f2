#include "cli/same_cluster.hpp"

#include <fmt/format.h>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m::cli {

namespace {

std::string named(const std::string& server, const std::string& uid) {
  return uid.empty() ? server : fmt::format("{} (kube-system {})", server, uid);
}

std::string there(const JournalSummary& journal, const ClusterChoice& choice, const std::string& kubeconfig,
                  const std::string& context) {
  return remedy::command(remedy::Command::recover_there, {}, {choice.command, journal.id, kubeconfig, context});
}

/// With what the journal has noted; by a flag of now something else was chosen.
std::string back(const JournalSummary& journal, const ClusterChoice& choice) {
  if (choice.by_flag && !journal.context.empty()) return there(journal, choice, journal.kubeconfig, journal.context);
  return fmt::format("give --kubeconfig and --context of {}", journal.server);
}

}  // namespace

void require_same_cluster(const JournalSummary& journal, const ClusterIdentity& now, const ClusterChoice& choice) {
  const std::string uid = now.uid.value_or("");
  if (journal.server.empty()) {            // of an ms2m that did not note it: somebody must have said which one it is
    const bool own = now.context.empty();  // a pod's service account has no other
    if (choice.by_flag || !journal.context.empty() || own) return;
    throw Error(ErrorKind::refused,
                fmt::format("the journal of migration {} does not say on which cluster it was made, and this is {}",
                            journal.id, named(now.server, uid)),
                "if it was made there: " + there(journal, choice, choice.kubeconfig, now.context));
  }
  const std::string both = fmt::format("migration {} was made on cluster {}, and this is {}", journal.id,
                                       named(journal.server, journal.cluster_uid), named(now.server, uid));
  if (!journal.cluster_uid.empty() && uid.empty())
    throw Error(ErrorKind::refused, both + ": whether it is the same one cannot be told without reading kube-system",
                "grant `get` on namespace kube-system with examples/rbac.yaml");
  if (uid != journal.cluster_uid && !journal.cluster_uid.empty())
    throw Error(ErrorKind::refused, both, back(journal, choice));
  if (now.server == journal.server) return;
  const bool proven = !journal.cluster_uid.empty();
  if (proven && choice.by_flag) return;
  throw Error(ErrorKind::refused, both,
              proven ? "if it is the same cluster under a new address: " +
                           there(journal, choice, choice.kubeconfig, now.context)
                     : back(journal, choice));
}

}  // namespace ms2m::cli
