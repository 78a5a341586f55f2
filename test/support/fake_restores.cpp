// Restores by the runtime handler: what the node's program answers, and what `create` of a pod's container does.
#include <fmt/format.h>

#include <ctime>

#include "ms2m/error.hpp"
#include "node/restore/state.hpp"
#include "support/fake_cluster.hpp"

namespace ms2m::test {
namespace {

std::uint64_t now() { return static_cast<std::uint64_t>(std::time(nullptr)); }

/// "ID/CONTAINER", or "".
std::string annotation(const Json& pod) {
  return pod.at("metadata").value("annotations", Json::object()).value(kRestoreAnnotation, "");
}

node::Asking asking(const Json& pod, const std::string& container) {
  const Json& metadata = pod.at("metadata");
  return {metadata.value("namespace", "default"), metadata.at("name"), metadata.at("uid"), container, ""};
}

}  // namespace

RestoreStatus FakeNodes::Restore::status() const {
  const bool over = record.state == RestoreState::prepared && now() >= record.expires;
  return {over ? RestoreState::voided : record.state,
          record.uid,
          record.ready,
          waiting,
          record.container_id,
          record.state == RestoreState::restored || record.state == RestoreState::done,
          over ? "it was not used in its time" : record.failure,
          follows && record.state == RestoreState::restored};
}

bool FakeNodes::handle(const std::string& name) {
  const Json& pod = objects_.at("pod/" + name);
  const std::string said = annotation(pod), id = said.substr(0, said.find('/'));
  if (said.empty()) return false;
  const std::string node = pod.at("spec").at("nodeName");
  auto& restores = nodes_[node].restores;
  const auto found = restores.find(id);
  const auto record = found == restores.end() ? std::nullopt : std::optional(found->second.record);
  const auto decision = node::decide(record, asking(pod, said.substr(id.size() + 1)), now());
  const auto waits = [&](const char* reason, const std::string& message) {
    set_container(name, {{"waiting", {{"reason", reason}, {"message", message}}}}, false);
    Json& status = objects_.at("pod/" + name)["status"]["containerStatuses"][0];
    if (record && record->state == RestoreState::restored)  // it has run, and its kubelet has seen its end
      status["lastState"] = {{"terminated", {{"exitCode", 137}, {"containerID", "cri-o://" + record->container_id}}}};
    if (reason == std::string("RunContainerError")) {  // as containerd has it
      status["lastState"] = {{"terminated", {{"reason", "StartError"}, {"exitCode", 128}, {"message", message}}}};
      status["restartCount"] = 1;
    }
    return true;
  };
  ConsumerOptions options = options_.empty() ? ConsumerOptions{} : options_.begin()->second;
  if (decision.what == node::AtCreate::cold)
    return run(name, broker_.start(name, queue_, options), new_container()), true;
  if (decision.what == node::AtCreate::refuse && !(record && found->second.underway))
    return waits("CreateContainerError", "restore " + id + " " + decision.why);
  Restore& restore = found->second;
  restore.waiting = decision.what == node::AtCreate::wait;
  const auto is_created = [&] {
    return !impatient_.empty() && !restore.record.uid.empty() ? waits(impatient_.c_str(), "context deadline exceeded")
                                                              : waits("ContainerCreating", "");
  };
  if (restore.waiting) return is_created();
  if (!std::exchange(restore.underway, !restore.underway)) {
    restore.record.state = RestoreState::taken;
    restore.record.container_id = new_container();
    return is_created();
  }
  if (node == failing_node_ || restore.lost) {
    restore.record.failure = restore.lost ? "the pages of memory did not all come"
                                          : "the runtime's restore ended with status 1: CRIU restoring FAILED";
    return waits("CreateContainerError", restore.record.failure);
  }
  restore.record.state = RestoreState::restored;
  options.hangs = node == hanging_node_;
  run(name, broker_.restore(name, *restore.data, options), restore.record.container_id);
  if (node == ending_node_) end_container(name);
  return true;
}

void FakeNodes::expire_restores() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, node] : nodes_)
    for (auto& [id, restore] : node.restores) restore.record.expires = 0;
}

bool FakeNodes::create_waits(const std::string& pod) const {
  for (const auto& [name, node] : nodes_)
    for (const auto& [id, restore] : node.restores)
      if (restore.waiting && restore.record.target.pod == pod) return true;
  return false;
}

void FakeNodes::advance_restores() {
  for (const std::string& each : pods()) {
    const std::string name = each.substr(0, each.find('@'));
    if (!annotation(objects_.at("pod/" + name)).empty()) sync(name);
  }
}

void FakeNodes::end_container(const std::string& pod) {
  consumers_.erase(pod);
  for (auto each = containers_.begin(); each != containers_.end();)
    if (each->second == pod) {
      frozen_.erase(each->first);
      each = containers_.erase(each);
    } else {
      ++each;
    }
  sync(pod);
}

std::vector<std::string> FakeNodes::restores_left() const {
  std::vector<std::string> found;
  const auto has_pod = [&](const std::string& uid) {
    return std::any_of(objects_.begin(), objects_.end(),
                       [&](const auto& each) { return each.second.at("metadata").at("uid") == uid; });
  };
  for (const auto& [name, node] : nodes_)
    for (const auto& [id, restore] : node.restores) {
      const RestoreState state = restore.record.state;
      const bool ended = state == RestoreState::done || state == RestoreState::voided;
      if (restore.data) found.push_back("data of restore " + id + " on " + name);
      if (state == RestoreState::prepared || (!ended && has_pod(restore.record.uid)))
        found.push_back(fmt::format("restore {} is {} on {}", id, to_string(state), name));
    }
  return found;
}

// ---- what the program on the node answers ---------------------------------------------------------------------------

FakeNodes::Restore& FakeRestores::at(const std::string& node, const std::string& id) {
  auto& restores = world_.nodes_[node].restores;
  const auto found = restores.find(id);
  if (found == restores.end()) throw Error(ErrorKind::not_found, "restore " + id + " is not known on this node");
  return found->second;
}

void FakeRestores::become(FakeNodes::Restore& restore, RestoreState state) {
  if (!node::may_become(restore.record.state, state))
    throw Error(ErrorKind::conflict, "restore " + restore.record.id + " is " + to_string(restore.record.state) +
                                         " and cannot become " + to_string(state));
  restore.record.state = state;
}

void FakeRestores::prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait,
                           Seconds valid, const StopToken&) {
  world_.act("prepare restore", [&] {
    node::Record record;
    record.id = id;
    record.target = target;
    record.wait_ms = static_cast<std::uint64_t>(wait.count());
    record.expires = now() + static_cast<std::uint64_t>(valid.count());
    const auto [there, made] = world_.nodes_[node].restores.emplace(id, FakeNodes::Restore{record, {}});
    if (!made && there->second.record.target != target)
      throw Error(ErrorKind::conflict, "there is another restore " + id + " on this node");
    return true;
  });
}

void FakeRestores::bind(const std::string& node, const std::string& id, const std::string& uid, const std::string&,
                        const StopToken&) {
  world_.act("bind restore", [&] {
    node::Record& record = at(node, id).record;
    if (!record.uid.empty() && record.uid != uid)
      throw Error(ErrorKind::conflict, "restore " + id + " is bound to pod UID " + record.uid + " already");
    record.uid = uid;
    return true;
  });
}

void FakeRestores::ready(const std::string& node, const std::string& id, const std::string& sha256, const StopToken&) {
  world_.act("ready restore", [&] {
    FakeNodes::Restore& restore = at(node, id);
    if (restore.record.ready) return true;
    if (restore.record.state != RestoreState::prepared)
      throw Error(ErrorKind::conflict, "restore " + id + " is " + to_string(restore.record.state));
    if (!restore.data || sha256 != kFakeDigest) throw Error(ErrorKind::failed, "restore " + id + " has not that data");
    if (restore.lacks_pages && !restore.fed)
      throw Error(ErrorKind::failed, "restore " + id + " would begin without its pages");
    return restore.record.ready = true;
  });
}

RestoreStatus FakeRestores::watch(const std::string& node, const std::string& id,
                                  const std::optional<RestoreStatus>& seen, const StopToken& stop) {
  for (int look = 0;; ++look) {
    const auto status = world_.act("watch restore", [&] {
      world_.advance_restores();
      const auto& restores = world_.nodes_[node].restores;
      const auto found = restores.find(id);
      return found == restores.end() ? RestoreStatus{} : found->second.status();
    });
    if (status.state == RestoreState::unknown || status != seen) return status;
    if (look > 2000) throw Error(ErrorKind::timeout, "the simulated watch on restore " + id + " saw nothing");
    stop.sleep(Millis{1}, "waiting for a change of restore " + id);
  }
}

void FakeRestores::done(const std::string& node, const std::string& id, const StopToken&) {
  world_.act("done restore", [&] {
    if (at(node, id).follows) throw Error(ErrorKind::failed, "the copy's memory did not all come");
    return become(at(node, id), RestoreState::done), true;
  });
}

bool FakeRestores::take_back(const std::string& node, const std::string& id, const StopToken&) {
  return world_.act("take back restore", [&] {
    auto& restores = world_.nodes_[node].restores;
    const auto found = restores.find(id);
    if (found == restores.end()) return false;
    become(found->second, RestoreState::voided);
    found->second.waiting = found->second.underway = false;
    const auto runs = world_.containers_.find("cri-o://" + found->second.record.container_id);
    if (runs != world_.containers_.end()) world_.end_container(std::string(runs->second));
    world_.advance_restores();
    return true;
  });
}

bool FakeRestores::remove_data(const std::string& node, const std::string& id, const StopToken&) {
  return world_.act("remove data of restore", [&] {
    auto& restores = world_.nodes_[node].restores;
    const auto found = restores.find(id);
    if (found == restores.end()) return false;
    const RestoreState state = found->second.status().state;
    if (state == RestoreState::prepared || state == RestoreState::taken)
      throw Error(ErrorKind::conflict, "restore " + id + " is " + to_string(state) + ": its data is in use");
    return std::exchange(found->second.data, std::nullopt).has_value();
  });
}

std::map<std::string, RestoreStatus> FakeRestores::list(const std::string& node, const StopToken&) {
  return world_.act("list restores", [&] {
    std::map<std::string, RestoreStatus> all;
    for (const auto& [id, restore] : world_.nodes_[node].restores) all[id] = restore.status();
    return all;
  });
}

std::vector<std::string> FakeRestores::sweep(const std::string& node, const StopToken&) {
  return world_.act("sweep restores", [&] {
    std::vector<std::string> gone;
    if (world_.kept_directories_ > 0) {
      --world_.kept_directories_;
      return gone;
    }
    auto& restores = world_.nodes_[node].restores;
    for (auto each = restores.begin(); each != restores.end();) {
      const node::Record& record = each->second.record;
      bool has_pod = false;
      for (const auto& [where, object] : world_.objects_) has_pod |= object.at("metadata").at("uid") == record.uid;
      if (has_pod || (record.state == RestoreState::prepared && now() < record.expires)) {
        ++each;
        continue;
      }
      gone.push_back(each->first);
      each = restores.erase(each);
    }
    return gone;
  });
}

}  // namespace ms2m::test
