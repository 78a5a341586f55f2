#include "steps/retirement.hpp"

#include <algorithm>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "journal/settings.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_spec.hpp"
#include "steps/run.hpp"
#include "steps/steps.hpp"

namespace ms2m {

op::Adopt adoption_of(const Plan& plan, const Facts& facts) {
  const Json& metadata = facts.pod.at("metadata");
  return {plan.ns,
          plan.source_pod,
          plan.source_uid,
          plan.target_pod,
          metadata.value("labels", Json::object()).value(kTemplateHash, ""),
          metadata.value("annotations", Json::object()).value(kDeletionCost, Json())};
}

std::optional<Announced> image_name_removal(const Plan& plan, const Facts& facts) {
  const std::string image = find_container(facts.pod, plan.container)->value("image", "");
  if (!is_checkpoint_image_name(image)) return std::nullopt;
  const std::string stored = name_in_store(image, known_image_names(facts));
  return Announced{"", {}, op::RemoveImageName{plan.source_node, stored.empty() ? image : stored}};
}

namespace {

/// The time until the copy can count as ready, by its containers' probes: the source goes after that.
Seconds time_to_ready(const Json& pod) {
  int most = 0;
  for (const Json& container : pod.at("spec").at("containers")) {
    int seconds = 0;
    for (const char* kind : {"startupProbe", "readinessProbe"})
      if (const auto probe = container.find(kind); probe != container.end())
        seconds += probe->value("initialDelaySeconds", 0) +
                   probe->value("periodSeconds", 10) * (probe->value("successThreshold", 1) + 1);
    most = std::max(most, seconds);
  }
  return Seconds(most);
}

/// `hold`: the queue that the source listens to; empty: none.
std::vector<Announced> source_end(const Move& move, const std::string& hold) {
  const Plan& plan = move.plan;
  const Seconds patience = time_to_ready(plan.target_spec) + move.request.timeouts.retire;
  std::vector<Announced> all;
  if (plan.procedure.source_end == SourceEnd::adoption) {
    op::Adopt adoption = adoption_of(plan, move.facts);
    adoption.patience = patience;
    all.push_back(
        {"", op::RestoreCost{adoption.ns, adoption.source_pod, adoption.source_uid, adoption.source_cost}, adoption});
  } else {
    all.push_back({"", {}, op::RetirePod{plan.ns, plan.source_pod, plan.source_uid, plan.target_pod, hold, patience}});
  }
  all.push_back({"", {}, op::DeleteControlQueue{plan.source_control_queue, plan.ns, plan.source_pod, plan.source_uid}});
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

/// Of a StatefulSet's pod: it goes, then the copy takes its name (engine/identity.hpp), which removes the copy's
/// control queue and the name of its image; here they are for a copy that is lost before that.
std::vector<Announced> rename_lines(const Move& move) {
  const Plan& plan = move.plan;
  auto source = op::RemoveSource{plan.ns, plan.source_pod, plan.source_uid, queue_names(plan.id).hold};
  source.target = plan.target_pod;  // after that is at work: nobody waits for this
  op::Rename rename{plan.id,        plan.ns,    plan.target_pod, plan.target_node,
                    plan.container, plan.queue, move.facts.pod,  settings_json(move.request)};
  rename.source.erase("status");
  rename.source["metadata"].erase("managedFields");
  auto name = op::RemoveImageName{plan.target_node, plan.stored_image};
  name.at = Stage::copy_image_name;  // not before it has its new name: it may have to start again from it
  std::vector<Announced> all{{"", {}, source},
                             {"", {}, rename},
                             {"", {}, op::DeleteControlQueue{plan.target_control_queue, plan.ns, plan.target_pod, ""}},
                             {"", {}, name}};
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

void journal_all(Run& run, const std::vector<Announced>& all) {
  for (const Announced& each : all) journal_announced(run, Phase::finalizing, each);
}

std::vector<Announced> announce_retirement(const Move& move) {
  if (move.plan.procedure.renamed_later()) return rename_lines(move);
  const bool quiet = move.plan.procedure.course != Course::fanout;
  return source_end(move, quiet ? queue_names(move.plan.id).hold : "");
}

void run_retirement(Run& run, const StopToken&) {
  journal_all(run, announce_retirement({run.plan, run.request, run.facts}));
}

}  // namespace

const Step step::plan_retirement{Phase::replaying, announce_retirement, run_retirement};

}  // namespace ms2m
