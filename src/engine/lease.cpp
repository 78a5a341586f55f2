#include "engine/lease.hpp"

#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "undo/operations.hpp"

namespace ms2m {

void require_lease(Cluster& cluster, const Journal& journal, const StopToken& stop) {
  const auto taken = journal.effect_with<op::ReleaseLease>();
  if (!taken || taken->settled) return;
  const op::ReleaseLease& o = taken->operation;
  const auto lease = cluster.get({Kind::lease, o.ns, o.name}, stop);
  if (!lease || lease->at("spec").value("holderIdentity", "") == o.holder) return;
  const std::string id = journal.begin().value("id", "");
  throw Error(ErrorKind::conflict,
              fmt::format("migration {} was taken over by {}: undone now, it would work against that one", id,
                          lease_holder(*lease)),
              "when that one has ended: " + remedy::command(remedy::Command::clean_up, {}, {id}));
}

}  // namespace ms2m
