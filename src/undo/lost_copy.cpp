#include "undo/lost_copy.hpp"

#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/hand_over.hpp"
#include "undo/open_retirement.hpp"
#include "undo/operations.hpp"

namespace ms2m {

namespace {

/// Its end can take its whole grace period, in which it may still finish what it was sent.
void wait_ended(Cluster& cluster, const ObjectRef& ref, const StopToken& stop) {
  const auto pod = cluster.get(ref, stop);
  if (pod && is_terminating(*pod))
    wait_pod_gone(cluster, ref.ns, ref.name, pod->at("metadata").at("uid"), stop.within(std::chrono::minutes(2)));
}

bool is_lost(Cluster& cluster, const ObjectRef& ref, const StopToken& stop) {
  const auto pod = cluster.get(ref, stop);
  return pod_is_lost(pod ? &*pod : nullptr);
}

}  // namespace

bool must_take_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto quiet = journal.effect_with("resume_source");
  const Json retirement = open_retirement(journal);
  if (!quiet || !retirement.is_object()) return false;
  const Json& source = quiet->undo;
  const ObjectRef copy{Kind::pod, text(source, "ns"), text(retirement, "target")};
  if (!is_lost(ports.cluster, copy, stop)) return false;
  wait_ended(ports.cluster, copy, stop);
  const std::uint64_t others = source.value("others", std::uint64_t{0});
  const auto given = journal.effect_with("resume_target");
  const HandOver what = given ? hand_over_of(given->finish) : HandOver{};
  Peers named(ports.admin, what.arrival.copy);
  // A dead node's connection is held for two or three heartbeats.
  wait_for_certain_depth(
      ports, text(source, "queue"),
      [&](const QueueDepth& d) {
        return what.arrival.copy.empty() ? d.consumers <= others : named.named(what.arrival.queue, stop) == 0;
      },
      "waiting for the lost copy's consumer to go", stop.within(std::chrono::seconds(90)));
  return true;
}

bool restored_again(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto restore = journal.effect_with("restore_pod"), hand_over = journal.effect_with("resume_target");
  if (!restore || !restore->settled || !hand_over || hand_over->settled) return false;
  const Json& metadata = restore->finish.at("object").at("metadata");
  const ObjectRef copy{Kind::pod, metadata.value("namespace", "default"), metadata.at("name")};
  if (!is_lost(ports.cluster, copy, stop)) return false;
  ports.cluster.watch(
      copy, [](const Json* pod) { return pod == nullptr || !is_terminating(*pod); }, stop);
  Operations(ports).run(restore->finish, stop);
  return true;
}

}  // namespace ms2m
