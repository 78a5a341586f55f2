#include "plan/gathering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "kube/objects/container.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/runtime_class.hpp"
#include "ms2m/node_setup.hpp"
#include "ms2m/remedy.hpp"
#include "plan/pages.hpp"
#include "plan/procedure.hpp"
#include "plan/restoring.hpp"

namespace ms2m {
namespace {

/// Of the whole preflight: its questions are asked side by side, so a few slow ones do not add up.
constexpr int kConnectTimes = 6;

Json read_pod(Cluster& cluster, const MigrationRequest& request, const StopToken& stop) {
  auto pod = cluster.get({Kind::pod, request.ns, request.pod}, stop);
  if (!pod)
    throw Error(ErrorKind::refused, fmt::format("pod {} not found in namespace {}", request.pod, request.ns),
                "choose another namespace with -n, or one of: " +
                    remedy::command(remedy::Command::list_pods, request.place, {request.ns}));
  return *pod;
}

std::string running_image(const Json& pod, const std::string& container) {
  const auto state = container_state(pod, container);
  if (state && !state->image_id.empty()) return state->image_id;
  const auto specified = container_in(pod, container);
  return specified ? specified->image : "";
}

template <class Value>
std::optional<Value> parse_if(const std::optional<Json>& object, Value (*parse)(const Json&)) {
  return object ? std::optional(parse(*object)) : std::nullopt;
}

template <class Value>
std::vector<Value> parse_all(const std::vector<Json>& objects, Value (*parse)(const Json&)) {
  std::vector<Value> values;
  std::transform(objects.begin(), objects.end(), std::back_inserter(values), parse);
  return values;
}

}  // namespace

Facts gather_facts(const Migrator::Ports& ports, const MigrationRequest& request, const StopToken& stop) {
  const StopToken limited =
      stop.within(std::chrono::duration_cast<Clock::duration>(kConnectTimes * request.timeouts.connect));
  Facts facts;
  facts.ns = request.ns;
  facts.pod = read_pod(ports.cluster, request, limited);
  facts.procedure = procedure_of(request, facts.pod);
  facts.container = choose_container(facts.pod, request.container);
  facts.base_image = running_image(facts.pod, facts.container);
  if (pod_node(facts.pod).empty())
    throw Error(ErrorKind::refused, fmt::format("pod {} is not on any node yet", request.pod), "wait until it runs");
  Gathering gathering(ports, request, facts, limited);
  if (facts.procedure.moves_memory()) gathering.start_nodes();
  gathering.start_broker();
  gathering.start_cluster();
  gathering.finish();
  return facts;
}

void Gathering::ask(Question question, Otherwise otherwise, Work work) {
  tasks_.start([this, question, otherwise = std::move(otherwise), work = std::move(work)] {
    attempt(question, otherwise, work);
  });
}

bool Gathering::attempt(Question question, const Otherwise& otherwise, const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    note(question, otherwise, error);
    return false;
  }
}

/// Only a right that is missing is no reason to refuse: what does not answer now may not answer later either.
void Gathering::note(Question question, const Otherwise& otherwise, const Error& error) {
  Unasked unasked{question, true, {error.what(), error.remedy()}};
  if (error.kind() == ErrorKind::forbidden) {
    unasked.needed = otherwise.needed;
    if (!otherwise.trouble.text.empty()) unasked.trouble = otherwise.trouble;
  }
  if (error.kind() == ErrorKind::timeout && unasked.trouble.cure.empty())
    unasked.trouble.cure = "see why that does not answer, or raise --connect-timeout";
  const std::lock_guard lock(mutex_);
  if (question == Question::rights && !facts_.asked(question)) return;  // one of many alike
  facts_.unasked.push_back(std::move(unasked));
}

void Gathering::finish() {
  tasks_.wait();
  if (facts_.procedure.moves_memory()) tell_image_names(), ask_way();
  facts_.procedure.restoring = restoring_of(facts_, request_);
  if (request_.pages == Pages::automatic) facts_.procedure.pages = chosen_pages(facts_, request_);
  std::stable_sort(facts_.unasked.begin(), facts_.unasked.end(),
                   [](const Unasked& a, const Unasked& b) { return a.question < b.question; });
}

// ---- the API server -------------------------------------------------------------------------------------------------

void Gathering::start_cluster() {
  const std::string source_node = pod_node(facts_.pod), target_node = request_.target_node;
  ask_rights();
  ask(Question::target_node, [this, target_node] {
    facts_.target.node = parse_if(ports_.cluster.get({Kind::node, "", target_node}, stop_), parse_node);
  });
  ask(Question::source_node, [this, source_node] {
    facts_.source.node = parse_if(ports_.cluster.get({Kind::node, "", source_node}, stop_), parse_node);
  });
  ask_owner();
  ask_claims();
  ask_gates();
  ask_handler_class();
  ask(Question::lease, [this] {
    facts_.lease = parse_if(ports_.cluster.get({Kind::lease, facts_.ns, "ms2m-" + request_.pod}, stop_), parse_lease);
  });
  ask(Question::budgets,
      {false,
       {"you may not list poddisruptionbudgets: whether one forbids the move was not checked",
        "grant it with examples/rbac.yaml"}},
      [this] {
        facts_.disruption_budgets =
            parse_all(ports_.cluster.list(Kind::pod_disruption_budget, facts_.ns, "", "", stop_), parse_budget);
      });
  ask(Question::target_pods,
      {false,
       {fmt::format("you may not list pods of all namespaces: what is still free on node {} was not checked",
                    target_node),
        "grant `list` on pods to the whole cluster (a comment in examples/rbac.yaml shows how), or look yourself: " +
            remedy::command(remedy::Command::describe_node, request_.place, {target_node})}},
      [this, target_node] {
        facts_.target_node_pods =
            parse_all(ports_.cluster.list(Kind::pod, "", "", "spec.nodeName=" + target_node, stop_), parse_occupant);
      });
}

/// Without the answer the copy is restored from an image, unless that was ruled out.
void Gathering::ask_handler_class() {
  if (request_.restore == RestoreChoice::image || !handler_restores(facts_.procedure.course)) return;
  ask(Question::runtime_class,
      {request_.restore == RestoreChoice::handler,
       {"you may not get runtimeclasses: whether the cluster has ms2m's was not checked",
        "grant it with examples/rbac.yaml"}},
      [this] {
        const auto object = ports_.cluster.get({Kind::runtime_class, "", kHandlerName}, stop_);
        facts_.handler_class = object && parse_runtime_class(*object).handler == kHandlerName;
      });
}

void Gathering::ask_rights() {
  for (const Right& right : needed_rights(request_, facts_.procedure, pod_node(facts_.pod)))
    ask(Question::rights, [this, right] {
      if (ports_.cluster.allowed(right, stop_)) return;
      const std::lock_guard lock(mutex_);
      facts_.missing_rights.push_back(right);
    });
}

void Gathering::ask_owner() {
  const auto owner = controller_of(facts_.pod);
  if (!owner) return;
  const std::string &kind = owner->kind, &name = owner->name;
  if (kind != "StatefulSet" && kind != "ReplicaSet") return;
  ask(Question::owner, [this, kind, name] {
    facts_.owner = parse_if(
        ports_.cluster.get({kind == "StatefulSet" ? Kind::stateful_set : Kind::replica_set, facts_.ns, name}, stop_),
        parse_controller);
    if (!facts_.owner) return;
    ask_autoscalers();
    if (kind == "StatefulSet") return;
    const auto& above = facts_.owner->owner;
    if (above && above->kind == "Deployment")
      facts_.deployment =
          parse_if(ports_.cluster.get({Kind::deployment, facts_.ns, above->name}, stop_), parse_controller);
  });
}

void Gathering::ask_autoscalers() {
  facts_.autoscalers_read = true;
  tasks_.start([this] {
    read_autoscalers(Kind::horizontal_pod_autoscaler, "horizontalpodautoscalers", parse_autoscaler, facts_.autoscalers);
  });
  tasks_.start([this] {
    read_autoscalers(Kind::scaled_object, "scaledobjects.keda.sh", parse_scaled_object, facts_.scaled_objects);
  });
}

/// What could not be asked for is not taken for none: a resource that this API server does not serve has no objects,
/// one that the caller may not list may have some.
template <class Scaler>
void Gathering::read_autoscalers(Kind kind, const char* plural, Scaler (*parse)(const Json&),
                                 std::vector<Scaler>& into) {
  bool served = true;
  std::optional<Trouble> trouble;
  try {
    into = parse_all(ports_.cluster.list(kind, facts_.ns, "", "", stop_), parse);
  } catch (const Error& error) {
    served = error.kind() != ErrorKind::not_found;
    if (error.kind() == ErrorKind::forbidden)
      trouble = Trouble{
          fmt::format("you may not list {}: whether one scales the pod's owner meanwhile was not checked", plural),
          "grant it with examples/rbac.yaml"};
    else if (served || kind != Kind::scaled_object)
      trouble = Trouble{
          fmt::format("whether one of the {} scales the pod's owner meanwhile is not known: {}", plural, error.what()),
          remedy::command(remedy::Command::list_autoscalers, request_.place, {facts_.ns, plural})};
  }
  const std::lock_guard lock(mutex_);
  if (kind == Kind::scaled_object) facts_.keda_served = served;
  if (!trouble) return;
  facts_.autoscalers_read = false;
  facts_.unasked.push_back({Question::autoscalers, false, *trouble});
}

void Gathering::ask_claims() {
  for (const PodVolume& volume : volumes_of(facts_.pod)) {
    if (volume.kind != VolumeKind::claim) continue;
    const std::string& name = volume.claim;
    ask(Question::claims,
        {true,
         {fmt::format(
              "you may not get persistentvolumeclaims: whether claim {} can follow to another node is not known", name),
          "grant `get` on persistentvolumeclaims with examples/rbac.yaml"}},
        [this, name] { read_claim(name); });
  }
}

void Gathering::read_claim(const std::string& name) {
  const auto object = ports_.cluster.get({Kind::persistent_volume_claim, facts_.ns, name}, stop_);
  if (!object) return;
  const Claim claim = parse_claim(*object);
  const std::string& bound_to = claim.volume;
  {
    const std::lock_guard lock(mutex_);
    facts_.claims.push_back(claim);
  }
  if (bound_to.empty()) return;
  attempt(Question::volumes,
          {false,
           {fmt::format("you may not get persistentvolumes: whether volume {} is tied to its node was not checked",
                        bound_to),
            "grant it with examples/rbac.yaml"}},
          [&] {
            const auto volume = ports_.cluster.get({Kind::persistent_volume, "", bound_to}, stop_);
            if (!volume) return;
            const std::lock_guard lock(mutex_);
            facts_.volumes.push_back(parse_persistent_volume(*volume));
          });
}

void Gathering::ask_gates() {
  if (facts_.procedure.checkpoint == CheckpointBy::runtime || !facts_.procedure.moves_memory()) return;
  ask(Question::source_gate,
      [this] { facts_.checkpoint_gate = ports_.cluster.checkpoint_enabled(pod_node(facts_.pod), stop_); });
  if (facts_.procedure.renamed_later())
    ask(Question::target_gate,
        [this] { facts_.target_gate = ports_.cluster.checkpoint_enabled(request_.target_node, stop_); });
}

}  // namespace ms2m
