#include "engine/lease.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/ids.hpp"
#include "kube/objects/lease.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "undo/operations.hpp"

namespace ms2m {

std::string process_name() {
  const char* user = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  return fmt::format("{}@{} pid {}", user != nullptr ? user : "ms2m", host_name(), ::getpid());
}

void require_lease(Cluster& cluster, const Journal& journal, const StopToken& stop) {
  const auto taken = journal.effect_with<op::ReleaseLease>();
  if (!taken || taken->settled) return;
  const op::ReleaseLease& o = taken->operation;
  const auto object = cluster.get({Kind::lease, o.ns, o.name}, stop);
  if (!object) return;
  const Lease lease = parse_lease(*object);
  if (lease.holder == o.holder) return;
  const std::string id = journal.begin().value("id", "");
  throw Error(ErrorKind::conflict,
              fmt::format("migration {} was taken over by {}: undone now, it would work against that one", id,
                          to_string(lease)),
              "when that one has ended: " + remedy::command(remedy::Command::clean_up, {}, {id}));
}

}  // namespace ms2m
