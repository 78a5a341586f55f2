#include "migration/facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "migration/names.hpp"
#include "migration/pod_spec.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

std::string pod_name(const Json& object) { return object.at("metadata").at("name"); }
std::string pod_uid(const Json& object) { return object.at("metadata").value("uid", ""); }
std::string pod_node(const Json& object) { return object.at("spec").value("nodeName", ""); }

const Json* controller_of(const Json& object) {
  const auto refs = object.at("metadata").find("ownerReferences");
  if (refs == object.at("metadata").end()) return nullptr;
  for (const Json& ref : *refs)
    if (ref.value("controller", false)) return &ref;
  return nullptr;
}

bool in_a_set(const Json& pod) {
  const Json* owner = controller_of(pod);
  return owner != nullptr && owner->value("kind", "") == "StatefulSet";
}

std::vector<std::string> known_image_names(const Facts& facts) {
  std::vector<std::string> names;
  if (const Json* status = find_container_status(facts.pod, facts.container))
    names = {status->value("image", ""), status->value("imageID", "")};
  if (facts.source.image) names.insert(names.end(), facts.source.image->names.begin(), facts.source.image->names.end());
  return names;
}

namespace {
/// Scaled down and up, or deleted and created again.
std::vector<const char*> set_verbs(Strategy strategy) {
  if (strategy == Strategy::sequential) return {"get", "list", "watch", "patch"};
  return {"get", "list", "watch", "create", "delete"};
}
}  // namespace

std::vector<Right> needed_rights(const MigrationRequest& request, const Json& pod, const std::string& source_node) {
  const std::string ns = request.ns;
  std::vector<Right> rights;
  for (const char* verb : {"get", "list", "watch", "create", "patch", "delete"})
    rights.push_back({verb, "", "pods", "", ns, ""});
  for (const char* verb : {"get", "create", "patch", "delete"})
    rights.push_back({verb, "coordination.k8s.io", "leases", "", ns, ""});
  rights.push_back({"get", "", "nodes", "", "", ""});
  if (request.kubelet == KubeletPath::proxy)
    rights.push_back({"create", "", "nodes", "proxy", "", source_node});
  else
    rights.push_back({"create", "", "nodes", "checkpoint", "", source_node});
  const bool set = in_a_set(pod);
  // A StatefulSet's pod is checkpointed once more on the target (identity.hpp).
  if (set && request.strategy == Strategy::shadow)
    rights.push_back({"create", "", "nodes", request.kubelet == KubeletPath::proxy ? "proxy" : "checkpoint", "",
                      request.target_node});
  if (set)
    for (const char* verb : set_verbs(request.strategy)) rights.push_back({verb, "apps", "statefulsets", "", ns, ""});
  return rights;
}

namespace {

Json read_pod(Cluster& cluster, const MigrationRequest& request, const StopToken& stop) {
  auto pod = cluster.get({Kind::pod, request.ns, request.pod}, stop);
  if (!pod)
    throw Error(
        ErrorKind::refused, fmt::format("pod {} not found in namespace {}", request.pod, request.ns),
        fmt::format("kubectl -n {} get pods shows what there is; choose another namespace with -n", request.ns));
  return *pod;
}

void read_owner(Cluster& cluster, Facts& facts, const StopToken& stop) {
  const Json* ref = controller_of(facts.pod);
  if (ref == nullptr) return;
  const std::string kind = ref->value("kind", ""), name = ref->value("name", "");
  if (kind == "StatefulSet") facts.owner = cluster.get({Kind::stateful_set, facts.ns, name}, stop);
  if (kind != "ReplicaSet") return;
  facts.owner = cluster.get({Kind::replica_set, facts.ns, name}, stop);
  if (!facts.owner) return;
  if (const Json* above = controller_of(*facts.owner); above != nullptr && above->value("kind", "") == "Deployment")
    facts.deployment = cluster.get({Kind::deployment, facts.ns, above->value("name", "")}, stop);
}

/// A list that the caller may not read is no reason to refuse, but the check that needs it was not made.
std::vector<Json> list_or_say(Cluster& cluster, Kind kind, const std::string& ns, const std::string& fields,
                              Trouble unchecked, Facts& facts, const StopToken& stop) {
  try {
    return cluster.list(kind, ns, "", fields, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::forbidden) throw;
    facts.unchecked.push_back(std::move(unchecked));
    return {};
  }
}

void read_volume(Cluster& cluster, const Json& claim, Facts& facts, const StopToken& stop) {
  const std::string name = claim.at("spec").value("volumeName", "");
  if (name.empty()) return;
  try {
    if (auto volume = cluster.get({Kind::persistent_volume, "", name}, stop)) facts.volumes.push_back(*volume);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::forbidden) throw;
    facts.unchecked.push_back(
        {fmt::format("you may not get persistentvolumes: whether volume {} is tied to its node was not checked", name),
         "grant it with examples/rbac.yaml"});
  }
}

void read_claims(Cluster& cluster, Facts& facts, const StopToken& stop) {
  for (const Json& volume : facts.pod.at("spec").value("volumes", Json::array())) {
    if (!volume.contains("persistentVolumeClaim")) continue;
    const std::string name = volume["persistentVolumeClaim"].value("claimName", "");
    try {
      const auto claim = cluster.get({Kind::persistent_volume_claim, facts.ns, name}, stop);
      if (!claim) continue;
      facts.claims.push_back(*claim);
      read_volume(cluster, *claim, facts, stop);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::forbidden) throw;
      facts.unread_claims.push_back(name);
    }
  }
}

/// What could not be asked for is not taken for none: a resource that this API server does not serve has no objects, one
/// that the caller may not list may have some.
void read_autoscalers(Cluster& cluster, Facts& facts, const StopToken& stop) {
  if (!facts.owner) return;  // nothing to scale
  facts.autoscalers_read = true;
  const auto read = [&](Kind kind, const char* plural, std::vector<Json>& into) {
    try {
      into = cluster.list(kind, facts.ns, "", "", stop);
      return true;
    } catch (const Error& error) {
      const bool served = error.kind() != ErrorKind::not_found;
      if (!served && kind == Kind::scaled_object) return false;
      facts.autoscalers_read = false;
      const bool forbidden = error.kind() == ErrorKind::forbidden;
      facts.unchecked.push_back(
          {forbidden ? fmt::format("you may not list {}: whether one scales the pod's owner meanwhile was not checked",
                                   plural)
                     : fmt::format("whether one of the {} scales the pod's owner meanwhile is not known: {}", plural,
                                   error.what()),
           forbidden ? "grant it with examples/rbac.yaml" : fmt::format("kubectl -n {} get {}", facts.ns, plural)});
      return served;
    }
  };
  read(Kind::horizontal_pod_autoscaler, "horizontalpodautoscalers", facts.autoscalers);
  facts.keda_served = read(Kind::scaled_object, "scaledobjects.keda.sh", facts.scaled_objects);
}

void read_cluster(Cluster& cluster, const MigrationRequest& request, Facts& facts, const StopToken& stop) {
  const std::string source_node = pod_node(facts.pod);
  for (const Right& right : needed_rights(request, facts.pod, source_node))
    if (!cluster.allowed(right, stop)) facts.missing_rights.push_back(right);
  if (!facts.missing_rights.empty()) return;  // what follows would be forbidden too; the finding names the rights
  facts.target.object = cluster.get({Kind::node, "", request.target_node}, stop);
  facts.source.object = cluster.get({Kind::node, "", source_node}, stop);
  read_owner(cluster, facts, stop);
  read_claims(cluster, facts, stop);
  facts.disruption_budgets =
      list_or_say(cluster, Kind::pod_disruption_budget, facts.ns, "",
                  {"you may not list poddisruptionbudgets: whether one forbids the move was not checked",
                   "grant it with examples/rbac.yaml"},
                  facts, stop);
  facts.target_node_pods =
      list_or_say(cluster, Kind::pod, "", "spec.nodeName=" + request.target_node,
                  {fmt::format("you may not list pods of all namespaces: what is still free on node {} was not checked",
                               request.target_node),
                   "grant `list` on pods to the whole cluster (a comment in examples/rbac.yaml shows how), or look "
                   "yourself: kubectl describe node " +
                       request.target_node},
                  facts, stop);
  read_autoscalers(cluster, facts, stop);
  facts.lease = cluster.get({Kind::lease, facts.ns, "ms2m-" + request.pod}, stop);
  facts.checkpoint_gate = cluster.checkpoint_enabled(source_node, stop);
  if (facts.owner && in_a_set(facts.pod) && request.strategy == Strategy::shadow && facts.target.object)
    facts.target_gate = cluster.checkpoint_enabled(request.target_node, stop);
}

void reach(NodeShell& shell, const std::string& node, NodeFacts& facts, const StopToken& stop) {
  try {
    shell.open(node, stop);
  } catch (const Error& error) {
    facts.access = Trouble{error.what(), error.remedy()};
  }
}

void look_for_image(const Migrator::Ports& ports, const std::string& node, const std::string& name, NodeFacts& facts,
                    const StopToken& stop) {
  try {
    facts.tool = ports.images.probe(node, stop);
    facts.image = ports.images.find(node, name, stop);
  } catch (const Error& error) {
    facts.tool_trouble = Trouble{error.what(), error.remedy()};
  }
}

std::string running_image(const Json& pod, const std::string& container) {
  const Json* status = find_container_status(pod, container);
  if (status != nullptr && !status->value("imageID", "").empty()) return status->at("imageID");
  return find_container(pod, container)->value("image", "");
}

/// The source's container and those emptyDir volumes that it mounts.
LookAt source_look(const Facts& facts) {
  LookAt what{pod_uid(facts.pod), "", {}};
  if (const Json* status = find_container_status(facts.pod, facts.container))
    what.container_id = status->value("containerID", "");
  const Json* container = find_container(facts.pod, facts.container);
  for (const Json& volume : facts.pod.at("spec").value("volumes", Json::array()))
    if (volume.contains("emptyDir") && mount_of(*container, volume.value("name", "")) != nullptr)
      what.empty_dirs.push_back(volume.at("name"));
  return what;
}

void read_nodes(const Migrator::Ports& ports, const MigrationRequest& request, Facts& facts, const StopToken& stop) {
  const std::string source = pod_node(facts.pod), target = request.target_node;
  auto other = std::async(std::launch::async, [&] { reach(ports.shell, target, facts.target, stop); });
  reach(ports.shell, source, facts.source, stop);
  other.get();
  const auto look = [&](const std::string& node, NodeFacts& of, const LookAt& what) {
    if (!of.access) of.look = look_at_node(ports.shell, node, what, stop);
  };
  const auto look_at = [&](const std::string& node, NodeFacts& of, const std::string& container) {
    if (!of.access) of.tools = look_at_tools(ports.shell, node, container, stop);
  };
  auto target_tools = std::async(std::launch::async, [&] { look_at(target, facts.target, ""); });
  auto source_tools =
      std::async(std::launch::async, [&] { look_at(source, facts.source, source_look(facts).container_id); });
  auto there = std::async(std::launch::async, [&] { look(target, facts.target, {}); });
  auto here = std::async(std::launch::async, [&] { look(source, facts.source, source_look(facts)); });
  if (!facts.source.access) {
    look_for_image(ports, source, facts.base_image, facts.source, stop);
    here.get();  // it knows where the kubelet has its archives, too
    // The pod's status names it by its digest, which leads nowhere when the tag has moved on to a newer image since.
    if (const std::string& id = facts.source.look.base_image;
        !facts.source.image && !facts.source.tool_trouble && !id.empty())
      look_for_image(ports, source, id, facts.source, stop);
    const std::string& root = facts.source.look.kubelet_root;
    facts.archive_directory = checkpoint_directory(root.empty() ? kKubeletRoot : root);
    for (const auto& file :
         ports.archives.list(source, facts.archive_directory, facts.ns, request.pod, facts.container, stop))
      facts.archives_before.push_back(file.path);
  }
  if (!facts.target.access)
    look_for_image(ports, target, facts.source.image ? facts.source.image->id : facts.base_image, facts.target, stop);
  if (here.valid()) here.get();
  there.get();
  source_tools.get();
  target_tools.get();
}

void read_broker(const Migrator::Ports& ports, const MigrationRequest& request, Facts& facts, const StopToken& stop) {
  facts.broker_version = ports.broker.server_version();
  facts.depth = ports.broker.depth(request.queue, stop);
  if (request.protocol == Protocol::control)
    facts.source_control = ports.broker.depth(control_queue(pod_hostname(facts.pod)), stop);
  try {
    facts.admin_version = ports.admin.version(stop);
    if (!facts.admin_version) return;
    facts.queue = ports.admin.queue(request.queue, stop);
    facts.policy_on_ours = ports.admin.policy_for(queue_names("a").hold, stop);
    facts.totals = ports.admin.totals(request.queue, stop);
    if (facts.queue && facts.queue->consumers.size() == 1)
      facts.heartbeat = ports.admin.heartbeat(facts.queue->consumers.front().connection, stop);
    facts.alarms = ports.admin.alarms(stop);
  } catch (const Error& error) {
    // An application's broker user has often no management tag: then there is no management API for us.
    if (error.kind() != ErrorKind::forbidden) throw;
    facts.admin_version.reset();
  }
}

/// Of the whole preflight: its questions are asked side by side, so a few slow ones do not add up.
constexpr int kConnectTimes = 6;

Facts facts_in_time(const Migrator::Ports& ports, const MigrationRequest& request, const StopToken& stop) {
  Facts facts;
  facts.ns = request.ns;
  facts.pod = read_pod(ports.cluster, request, stop);
  facts.container = choose_container(facts.pod, request.container);
  facts.base_image = running_image(facts.pod, facts.container);
  if (pod_node(facts.pod).empty())
    throw Error(ErrorKind::refused, fmt::format("pod {} is not on any node yet", request.pod), "wait until it runs");
  auto nodes = std::async(std::launch::async, [&] { read_nodes(ports, request, facts, stop); });
  auto cluster = std::async(std::launch::async, [&] { read_cluster(ports.cluster, request, facts, stop); });
  read_broker(ports, request, facts, stop);
  cluster.get();
  nodes.get();
  return facts;
}

}  // namespace

Facts gather_facts(const Migrator::Ports& ports, const MigrationRequest& request, const StopToken& stop) {
  const Seconds limit = kConnectTimes * request.timeouts.connect;
  try {
    return facts_in_time(ports, request, stop.within(std::chrono::duration_cast<Clock::duration>(limit)));
  } catch (Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    error.in(fmt::format("the preflight, which has {:g} s", limit.count()));
    if (error.remedy().empty()) error.with_remedy("see why that does not answer, or raise --connect-timeout");
    throw;
  }
}

}  // namespace ms2m
