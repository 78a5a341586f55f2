#include "ms2m/remnants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "kube/objects/container_state.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

using remedy::Command;

class Search {
 public:
  Search(const Migrator::Ports& ports, const RemnantQuestion& question, const StopToken& stop)
      : ports_(ports), question_(question), stop_(stop) {}

  std::vector<Remnant> of_migration() {
    const std::string selector = fmt::format("{}={}", kIdLabel, question_.migration);
    const auto leases = ports_.cluster.list(Kind::lease, question_.ns, selector, "", stop_);
    has_lease_ = !leases.empty();
    if (!is_over(leases)) return std::move(found_);
    for (const Json& pod : ports_.cluster.list(Kind::pod, question_.ns, selector, "", stop_)) look_at_pod(pod);
    for (const std::string& name : queues_of(question_.migration)) look_at_queue(name);
    if (!kept_) {
      const std::string tee = queue_names(question_.migration).tee;
      for (const std::string& name : {tee, way_back_of(tee)})
        if (question_.remove && ports_.broker.delete_exchange(name, stop_)) add("exchange " + name, true);
    }
    for (const Json& lease : leases) look_at_lease(lease);
    return std::move(found_);
  }

  std::vector<Remnant> of_nobody_known() {
    for (const std::string& name : ports_.admin.queue_names("ms2m.", stop_)) {
      const std::string id = migration_in(name);
      if (id.empty() || std::count(question_.known.begin(), question_.known.end(), id) > 0) continue;
      keep("queue " + name,
           fmt::format("neither a journal here nor anything in namespace {} tells of its migration, which may be under "
                       "way elsewhere",
                       question_.ns),
           Command::delete_queue, {name});
      found_.back().migration = id;
    }
    return std::move(found_);
  }

 private:
  static std::vector<std::string> queues_of(const std::string& migration) {
    const QueueNames names = queue_names(migration);
    return {names.hold, names.source, names.target, names.dead_man, names.pivot};
  }

  /// "ms2m.m7k2q9.hold" -> "m7k2q9"; control queues are the applications'.
  static std::string migration_in(const std::string& queue) {
    const std::size_t begin = 5, end = queue.find('.', begin);
    if (end == std::string::npos) return "";
    const std::string id = queue.substr(begin, end - begin);
    const auto ours = queues_of(id);
    return id != "control" && std::find(ours.begin(), ours.end(), queue) != ours.end() ? id : "";
  }

  /// Its lease has run out, or is gone, as it is when a migration has ended; and nobody renews its dead man's switch.
  bool is_over(const std::vector<Json>& leases) {
    for (const Json& object : leases) {
      const Lease lease = parse_lease(object);
      std::string why;
      if (!is_left(object, now_rfc3339()))
        why = fmt::format("{} was at it less than an hour ago and may still be", to_string(lease));
      else if (!lease.queue.empty() && !ports_.broker.depth(lease.queue, stop_))
        why = fmt::format("its queue {} is not on this broker, so that nothing of it can be told gone (--broker)",
                          lease.queue);
      if (!why.empty())
        keep(fmt::format("lease {}/{}", question_.ns, name_of(object)), why, Command::delete_lease,
             {question_.ns, name_of(object)});
    }
    if (is_armed()) keep("migration " + question_.migration, "it is under way: its dead man's switch is armed");
    return found_.empty();
  }

  /// Looked at several times: while it is renewed, its queue is empty for a moment.
  bool is_armed() {
    const std::string dead_man = queue_names(question_.migration).dead_man;
    for (int looks = 0; looks < 3; ++looks) {
      if (looks > 0) stop_.sleep(Millis{200}, "looking at the dead man's switch of " + question_.migration);
      const auto depth = ports_.broker.depth(dead_man, stop_);
      if (!depth) return false;
      if (depth->ready > 0) return true;
    }
    return false;
  }

  /// One that has run may be who serves: no label tells. Without a lease it may be somebody's own, made from a moved
  /// pod's manifest.
  void look_at_pod(const Json& pod) {
    const std::string what = fmt::format("pod {}/{}", question_.ns, name_of(pod));
    if (is_terminating(pod)) return;
    if (!known_containers(pod).empty() || pod_phase(pod) != "Pending") {
      keep(what, "it has run, and may be who takes work from the queue", Command::show_pod,
           {question_.ns, name_of(pod)});
      return;
    }
    if (!has_lease_) {
      keep(what, "no lease tells that a migration made it", Command::show_pod, {question_.ns, name_of(pod)});
      return;
    }
    if (question_.remove)
      ports_.cluster.remove({Kind::pod, question_.ns, name_of(pod)}, {pod_uid(pod), std::nullopt, ""}, stop_);
    add(what, question_.remove);
  }

  void look_at_queue(const std::string& name) {
    const auto depth = ports_.broker.depth(name, stop_);
    if (!depth) return;
    if (depth->ready > 0 || depth->consumers > 0) {
      keep("queue " + name,
           depth->ready > 0 ? fmt::format("{} messages wait in it", depth->ready) : "somebody listens to it",
           Command::delete_queue, {name});
      return;
    }
    if (question_.remove) ports_.broker.delete_queue(name, stop_);
    add("queue " + name, question_.remove);
  }

  /// Last, and only when nothing else is left: it is what leads here again.
  void look_at_lease(const Json& lease) {
    const std::string name = name_of(lease), what = fmt::format("lease {}/{}", question_.ns, name);
    if (kept_) {
      keep(what, "as long as the rest is there", Command::delete_lease, {question_.ns, name});
      return;
    }
    if (question_.remove)
      ports_.cluster.remove({Kind::lease, question_.ns, name}, {pod_uid(lease), std::nullopt, ""}, stop_);
    add(what, question_.remove);
  }

  void add(std::string what, bool removed) {
    found_.push_back({question_.migration, std::move(what), removed, "", ""});
  }
  void keep(std::string what, std::string why) {
    kept_ = true;
    found_.push_back({question_.migration, std::move(what), false, std::move(why), ""});
  }
  void keep(std::string what, std::string why, Command command, const std::vector<std::string>& words) {
    keep(std::move(what), std::move(why));
    found_.back().command = remedy::command(command, question_.place, words);
  }

  const Migrator::Ports& ports_;
  const RemnantQuestion& question_;
  const StopToken& stop_;
  std::vector<Remnant> found_;
  bool kept_ = false, has_lease_ = false;
};

}  // namespace

std::vector<Remnant> find_remnants(const Migrator::Ports& ports, const RemnantQuestion& question,
                                   const StopToken& stop) {
  Search search(ports, question, stop);
  return question.migration.empty() ? search.of_nobody_known() : search.of_migration();
}

}  // namespace ms2m
