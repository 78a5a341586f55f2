#include "migration/lease.hpp"

#include <fmt/format.h>

#include "migration/operations.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {

std::string lease_holder(const Json& lease) {
  return fmt::format("{}, phase {}", lease.at("spec").value("holderIdentity", "?"),
                     lease.at("metadata").value("annotations", Json::object()).value("ms2m.io/phase", "?"));
}

void require_lease(Cluster& cluster, const Journal& journal, const StopToken& stop) {
  const auto taken = journal.effect_with("release_lease");
  if (!taken || taken->settled) return;
  const Json& o = taken->undo;
  const auto lease = cluster.get({Kind::lease, text(o, "ns"), text(o, "name")}, stop);
  if (!lease || lease->at("spec").value("holderIdentity", "") == text(o, "holder")) return;
  const std::string id = journal.begin().value("id", "");
  throw Error(ErrorKind::conflict,
              fmt::format("migration {} was taken over by {}: undone now, it would work against that one", id,
                          lease_holder(*lease)),
              "when that one has ended: " + remedy::command(remedy::Command::clean_up, {}, {id}));
}

}  // namespace ms2m
