#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/relay_exit.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "undo/hand_over.hpp"
#include "undo/operations.hpp"
#include "undo/scale_operations.hpp"
#include "undo/set_operations.hpp"
#include "undo/uncontrolled_operations.hpp"

namespace ms2m {
namespace {

using Handler = void (*)(Migrator::Ports&, const Json&, const StopToken&);

bool is_pod(Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
            const StopToken& stop) {
  const auto object = ports.cluster.get({Kind::pod, ns, pod}, stop);
  return object && (uid.empty() || object->at("metadata").at("uid") == uid) && !is_terminating(*object);
}

/// When the API server cannot be asked, the source is taken to be there: sending it back costs nothing if it is not.
bool source_there(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  try {
    return is_pod(ports, text(o, "ns"), text(o, "pod"), text(o, "uid"), stop.within(std::chrono::seconds(10)));
  } catch (const Error&) {
    return true;
  }
}

/// No management API: it is not asked again, for it may take its time to say so.
std::optional<QueueTotals> totals_if_any(BrokerAdmin& admin, const std::string& queue, const StopToken& stop) {
  try {
    return admin.totals(queue, stop.within(std::chrono::seconds(5)));
  } catch (const Error&) {
    return std::nullopt;
  }
}

AtWork source_at_work(Migrator::Ports& ports, const Json& o) {
  return {ports.broker, ports.admin, text(o, "queue"), o.value("others", std::uint64_t{0}),
          o.value("addresses", std::vector<std::string>{})};
}

/// Shadow: what was relayed to the source must be worked off before it goes back to the primary.
void drain_relay(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  RelayExitSpec spec{text(o, "relay"), text(o, "control"), text(o, "hold"), "source", ""};
  bool told = true;
  spec.outstanding = [&ports, &told, queue = spec.queue](const StopToken& limit) -> std::optional<std::uint64_t> {
    if (!told) return std::nullopt;
    const auto totals = totals_if_any(ports.admin, queue, limit);
    told = totals.has_value();
    if (!totals) return std::nullopt;
    return totals->ready + totals->unacked;
  };
  spec.arrived = [&](const StopToken& limit) {
    const auto there = ports.broker.depth(text(o, "hold"), limit);
    return !there || there->consumers > 0 || source_at_work(ports, o).there(limit);
  };
  RelayExit source(ports.broker, std::move(spec));
  while (!source.finished(stop)) stop.sleep(Millis{20}, "waiting for the source to finish its queue");
}

/// A copy that has come to the primary by itself is not the source at work.
std::vector<std::string> copy_addresses(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  if (text(o, "copy").empty() || text(o, "copy") == text(o, "pod")) return {};
  try {
    const auto copy =
        ports.cluster.get({Kind::pod, text(o, "ns"), text(o, "copy")}, stop.within(std::chrono::seconds(10)));
    return copy && !copy->at("spec").value("hostNetwork", false) ? addresses_of(*copy) : std::vector<std::string>{};
  } catch (const Error&) {
    return {};  // as far as it can be told
  }
}

void resume_source(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string queue = text(o, "queue"), control = text(o, "control");
  if (!source_there(ports, o, stop)) return;  // nobody to send back
  // A START_REPLAY that was not read yet must not be read after this.
  ports.broker.purge_queue(control, stop);
  if (!text(o, "relay").empty()) drain_relay(ports, o, stop);
  ports.broker.publish({"", control, end_replay("source", ""), "application/json", ""}, stop);
  const std::uint64_t others = o.value("others", std::uint64_t{0});
  Peers copy(ports.admin, copy_addresses(ports, o, stop));
  AtWork source = source_at_work(ports, o);
  wait_for_depth(
      ports.broker, queue,
      [&](const QueueDepth& d) {
        if (source.by_name()) return source.there(stop);
        return d.consumers > others && d.consumers > others + copy.consumers_of(queue, stop);
      },
      "waiting for the source to consume " + queue, stop);
}

/// Sent even when the pivot has sent it: a copy whose container started again since listens to the hold queue once
/// more.
void resume_target(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const HandOver what = hand_over_of(o);
  if (ArrivalWatch(ports.broker, ports.admin, what.arrival).there(stop)) return;
  ports.broker.publish({"", what.arrival.control, what.message, "application/json", ""}, stop);
  await_service(ports, what, stop);
}

void delete_pod(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, text(o, "ns"), text(o, "pod")};
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod || pod->at("metadata").value("labels", Json::object()).value(kIdLabel, "") != text(o, "id"))
    return;  // somebody else's pod of that name
  // The copy owns nothing: its process (if any) listens to the hold queue and need not end gently.
  remove_at_once(ports.cluster, ref, pod->at("metadata").at("uid"), stop);
}

/// The source may go only when the copy answers its probes: a Service's endpoints must never be empty.
void wait_ready(Migrator::Ports& ports, const ObjectRef& ref, const StopToken& stop) {
  ports.cluster.watch(
      ref,
      [&](const Json* pod) {
        if (pod_is_lost(pod)) throw Error(ErrorKind::inconsistent, "the target pod " + ref.name + " is gone");
        return pod_is_ready(*pod);
      },
      stop);
}

/// The process goes on elsewhere: what is left here must end, not wind up. Its shutdown hooks would speak for the
/// living one, and a consumer that does not heed SIGTERM would take its whole grace period.
void end_source(Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
                const StopToken& stop) {
  ports.cluster.remove({Kind::pod, ns, pod}, {uid, 1, ""}, stop);
}

void retire_pod(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string ns = text(o, "ns"), pod = text(o, "pod"), uid = text(o, "uid");
  if (is_pod(ports, ns, pod, uid, stop)) {
    wait_ready(ports, {Kind::pod, ns, text(o, "target")}, stop);
    if (!text(o, "hold").empty()) return end_quiet_source(ports, o, stop);
    end_source(ports, ns, pod, uid, stop);
  }
  wait_pod_gone(ports.cluster, ns, pod, uid, stop);
}

Json annotation(const char* name, const Json& value) { return {{"metadata", {{"annotations", {{name, value}}}}}}; }

void adopt(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string ns = text(o, "ns"), source = text(o, "source"), target = text(o, "target"), uid = text(o, "uid");
  const ObjectRef target_ref{Kind::pod, ns, target};
  // Not-ready pods are the first that a ReplicaSet deletes, before any cost counts.
  wait_ready(ports, target_ref, stop);
  if (is_pod(ports, ns, source, uid, stop))
    ports.cluster.patch({Kind::pod, ns, source}, PatchType::merge, annotation(kDeletionCost, "-2147483647"), stop);
  Json change = annotation(kDeletionCost, "2147483647");
  change["metadata"]["labels"] = {{kTemplateHash, text(o, "hash")}};
  // Cost first and label second would be two syncs of the controller; in one patch it sees both or none.
  ports.cluster.patch(target_ref, PatchType::merge, change, stop);
  try {
    ports.cluster.watch(
        {Kind::pod, ns, source},
        [&](const Json* pod) { return pod == nullptr || pod->at("metadata").at("uid") != uid || is_terminating(*pod); },
        stop.within(std::chrono::seconds(30)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout)
      throw;                              // another pod that was not ready ranked before it: it must go all the same
    wait_ready(ports, target_ref, stop);  // unless it is the only one
  }
  end_source(ports, ns, source, uid, stop);
  kill_when_deleted(ports, o, {Kind::pod, ns, source}, stop);
  wait_pod_gone(ports.cluster, ns, source, uid, stop);
  ports.cluster.watch(
      target_ref, [](const Json* pod) { return pod == nullptr || pod->at("metadata").contains("ownerReferences"); },
      stop);
  if (ports.cluster.get(target_ref, stop))
    ports.cluster.patch(target_ref, PatchType::merge, annotation(kDeletionCost, o.value("cost", Json())), stop);
}

void restore_cost(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  if (!is_pod(ports, text(o, "ns"), text(o, "pod"), text(o, "uid"), stop)) return;
  ports.cluster.patch({Kind::pod, text(o, "ns"), text(o, "pod")}, PatchType::merge,
                      annotation(kDeletionCost, o.value("cost", Json())), stop);
}

void strip_marks(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, text(o, "ns"), text(o, "pod")};
  if (!ports.cluster.get(ref, stop)) return;
  Json change = annotation(kKickAnnotation, nullptr);
  change["metadata"]["labels"] = {{kIdLabel, nullptr}};
  ports.cluster.patch(ref, PatchType::merge, change, stop);
}

void delete_queue(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string queue = text(o, "queue");
  const auto depth = o.value("drained", false) ? certain_depth(ports.broker, ports.admin, queue, stop) : std::nullopt;
  if (depth && depth->ready > 0)
    throw Error(ErrorKind::inconsistent, fmt::format("{} messages of the primary are still in it", depth->ready),
                "shovel them back to the primary queue before deleting it");
  ports.broker.delete_queue(queue, stop);
}
void delete_exchange(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string tee = text(o, "exchange");
  ports.broker.delete_exchange(tee, stop);
  ports.broker.delete_exchange(way_back_of(tee), stop);  // of a pump that ended while it put messages back
}

void delete_control_queue(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  // The pod of that name may be somebody else's by now (a StatefulSet's, say); then the queue is its.
  if (ports.cluster.get({Kind::pod, text(o, "ns"), text(o, "pod")}, stop)) return;
  ports.broker.delete_queue(text(o, "queue"), stop);
}

/// A request is at its kubelet within this time, or not at all.
constexpr std::int64_t kArrivesWithin = 15;

std::vector<std::string> archives_asked_for(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const Json keep = o.value("keep", Json::array());
  std::vector<std::string> found;
  for (const ArchiveFile& file :
       ports.archives.list(text(o, "node"), o.value("directory", checkpoint_directory(kKubeletRoot)), text(o, "ns"),
                           text(o, "pod"), text(o, "container"), stop)) {
    const auto made = archive_time(file.path);
    const std::int64_t asked = o.value("asked", made.value_or(0));
    const bool in_time = made && *made >= asked && *made <= asked + kArrivesWithin;
    if (in_time && std::find(keep.begin(), keep.end(), file.path) == keep.end()) found.push_back(file.path);
  }
  return found;
}

void remove_archives(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string node = text(o, "node");
  const auto found = archives_asked_for(ports, o, stop);
  if (found.empty()) return;
  if (found.size() > 1)
    throw Error(ErrorKind::inconsistent,
                fmt::format("somebody else made a checkpoint of the container at the same time: which of {} is ms2m's "
                            "cannot be told",
                            fmt::join(found, ", ")),
                "move the others away, then clean up again");
  // A dump whose request was lost goes on, and the container stays frozen until it is written.
  ports.archives.wait_complete(node, found.front(), stop);
  ports.archives.remove(node, found.front(), stop);
}

void remove_archive(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  ports.archives.remove(text(o, "node"), text(o, "path"), stop);
}

void remove_layout(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  ports.images.remove_layout(text(o, "node"), text(o, "directory"), stop);
}

void remove_image_name(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  ports.images.remove_name(text(o, "node"), text(o, "name"), stop);
}

void settle_image(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const std::string node = text(o, "node"), name = text(o, "name"), original = text(o, "original");
  const auto image = ports.images.find(node, name, stop);
  if (!image) return;
  const auto pod = ports.cluster.get({Kind::pod, text(o, "ns"), text(o, "pod")}, stop);
  if (!pod || pod->at("spec").value("nodeName", "") != node)
    ports.images.remove_name(node, name, stop);  // the process went back: nobody here starts from it
  else if (image->id != original)
    ports.images.point_name(node, name, original, stop);
}

void remove_image(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  ports.images.remove_image(text(o, "node"), text(o, "id"), stop);
}

void release_lease(Migrator::Ports& ports, const Json& o, const StopToken& stop) {
  const ObjectRef ref{Kind::lease, text(o, "ns"), text(o, "name")};
  const auto lease = ports.cluster.get(ref, stop);
  if (!lease || lease->at("spec").value("holderIdentity", "") != text(o, "holder")) return;
  ports.cluster.remove(ref, {lease->at("metadata").at("uid"), std::nullopt, ""}, stop);
}

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table{{"resume_source", resume_source},
                                                    {"resume_target", resume_target},
                                                    {"delete_pod", delete_pod},
                                                    {"retire_pod", retire_pod},
                                                    {"adopt", adopt},
                                                    {"restore_cost", restore_cost},
                                                    {"strip_marks", strip_marks},
                                                    {"delete_queue", delete_queue},
                                                    {"delete_exchange", delete_exchange},
                                                    {"delete_control_queue", delete_control_queue},
                                                    {"remove_archives", remove_archives},
                                                    {"remove_archive", remove_archive},
                                                    {"remove_layout", remove_layout},
                                                    {"remove_image_name", remove_image_name},
                                                    {"settle_image", settle_image},
                                                    {"remove_image", remove_image},
                                                    {"release_lease", release_lease},
                                                    {"orphan_set", orphan_set},
                                                    {"remove_source", remove_source},
                                                    {"restore_pod", restore_pod},
                                                    {"recreate_set", recreate_set},
                                                    {"scale_down", scale_down},
                                                    {"end_source", end_source_in_its_time},
                                                    {"scale_up", scale_up},
                                                    {"start_copy", start_copy},
                                                    {"thaw_source", thaw_source},
                                                    {"retire_frozen", retire_frozen}};
  return table;
}

}  // namespace

void Operations::run(const Json& operation, const StopToken& stop) {
  if (take_identity_ && operation.value("op", "") == "take_identity") return take_identity_(operation, stop);
  const auto found = handlers().find(operation.value("op", ""));
  if (found == handlers().end())
    throw Error(ErrorKind::refused,
                "the journal names an operation that this ms2m does not know: " + operation.value("op", ""),
                "use the ms2m that started the migration");
  found->second(ports_, operation, stop);
}

}  // namespace ms2m
