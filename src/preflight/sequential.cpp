// Findings about strategy sequential, which frees the source's name before the copy comes.
#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "kube/objects/selector.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

void refuse(std::vector<Finding>& out, std::string text, std::string cure) {
  out.push_back({"strategy", Level::refusal, std::move(text), std::move(cure)});
}

constexpr const char* kHandoff =
    "use --strategy handoff, which moves the pod of any ordinal and leaves the number of replicas alone";

void check_set(const Facts& facts, const Controller& set, const Place& place, std::vector<Finding>& out) {
  const std::string& name = set.name;
  const std::string last = fmt::format("{}-{}", name, set.first_ordinal + set.replicas - 1);
  if (name_of(facts.pod) != last)
    return refuse(out,
                  fmt::format("strategy sequential scales statefulset {} down by one, which takes {} and not {}", name,
                              last, name_of(facts.pod)),
                  kHandoff);
  if (set.ready < set.replicas)
    return refuse(
        out,
        fmt::format("statefulset {} has a replica that is not ready: its controller scales down only when all are",
                    name),
        "wait for it: " + remedy::command(remedy::Command::await_rollout, place, {facts.ns, "statefulset/" + name}));
  if (set.deletes_claims)
    return refuse(out, fmt::format("statefulset {} deletes a pod's volume claims when it is scaled down", name),
                  kHandoff);
  if (!deciding_label(set.selector, labels_of(facts.pod)))
    refuse(out,
           fmt::format("no single label decides whether statefulset {} selects a pod: the copy could not be kept from "
                       "it while it is scaled down",
                       name),
           kHandoff);
}

}  // namespace

void check_sequential(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const auto owner = controller_of(facts.pod);
  if (owner && owner->kind == "ReplicaSet")
    refuse(out, "strategy sequential restores a pod under its own name, which a ReplicaSet never gives to another pod",
           "use --strategy handoff or shadow");
  if (!request.target_name.empty() && request.target_name != request.pod)
    refuse(out, "strategy sequential restores the pod under its own name",
           "leave --target-name out, or use --strategy handoff or shadow");
  if (facts.procedure.workload == Workload::stateful_set && facts.owner)
    check_set(facts, *facts.owner, request.place, out);
}

}  // namespace ms2m
