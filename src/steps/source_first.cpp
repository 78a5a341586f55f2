// Where a name can exist once, the source goes before its copy comes: what follows the pivot is settled before it, in
// the journal, and carried out from there, phase by phase.
#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/selector.hpp"
#include "steps/orphan.hpp"
#include "steps/retirement.hpp"
#include "steps/steps.hpp"
#include "steps/transfer.hpp"
#include "undo/apply.hpp"

namespace ms2m {
namespace {

/// What is known only when the archive is on the target.
struct Arrived {
  std::string archive, checkpoint_image;
  std::uint64_t other_consumers = 0;
};

/// Scaled down, the set would adopt a pod of that name and delete it at once [real]. So the copy comes without the
/// label by which the set selects, and gets it back when the set has been scaled up.
std::vector<Announced> scaling_lines(const Move& move, Json& copy) {
  const Plan& plan = move.plan;
  const Json& set = *move.facts.owner;
  const auto key = deciding_label(set.at("spec").value("selector", Json::object()),
                                  copy.at("metadata").value("labels", Json::object()));
  if (!key) return {};  // refused
  const op::Scaling scaling{plan.ns,         plan.owner,      pod_uid(set), set.at("spec").value("replicas", 1),
                            plan.source_pod, plan.source_uid, plan.image};
  const Json label{{*key, copy["metadata"]["labels"][*key]}};
  copy["metadata"]["labels"].erase(*key);
  return {{"", {}, op::ScaleDown{scaling}}, {"", {}, op::ScaleUp{scaling, label}}};
}

Operation end_of_source(const Move& move) {
  const Plan& plan = move.plan;
  const std::string hold = queue_names(plan.id).hold;
  if (plan.procedure.source_end != SourceEnd::scaling)
    return op::RemoveSource{plan.ns, plan.source_pod, plan.source_uid, hold};
  const int grace = move.facts.pod.at("spec").value("terminationGracePeriodSeconds", 30);
  return op::EndSource{plan.ns,
                       plan.source_pod,
                       plan.source_uid,
                       plan.image,
                       hold,
                       grace,
                       plan.procedure.workload != Workload::stateful_set};
}

/// Layout, name and image are on the source's node only if the process had to go back there.
std::vector<Announced> follow_up(const Move& move, const Arrived& arrived) {
  const Plan& plan = move.plan;
  Json copy = plan.target_spec;
  std::vector<Announced> all;
  if (plan.procedure.course == Course::sequential && move.facts.owner &&
      plan.procedure.workload == Workload::stateful_set)
    all = scaling_lines(move, copy);
  const std::string directory = layout_directory(plan),
                    user = move.facts.source.image ? move.facts.source.image->user : "",
                    original = move.facts.source.image ? move.facts.source.image->id : "";
  all.push_back({"", {}, end_of_source(move)});
  all.push_back(
      {"",
       {},
       op::RestorePod{copy, queue_names(plan.id).hold, plan.source_node, arrived.archive, directory, plan.stored_image,
                      plan.container, architecture_of(move.facts.source), user, plan.target_control_queue}});
  all.push_back({"", {}, op::RemoveLayout{plan.source_node, directory}});
  all.push_back({"", {}, op::PointImageName{plan.source_node, plan.stored_image, original, plan.ns, plan.target_pod}});
  all.push_back({"", {}, op::RemoveImage{plan.source_node, arrived.checkpoint_image}});
  all.push_back({"",
                 {},
                 op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue,
                                  end_replay("target", plan.id), arrived.other_consumers}});
  all.push_back({"", {}, op::StripMarks{plan.ns, plan.target_pod}});
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

std::vector<Announced> announce_follow_up(const Move& move) { return follow_up(move, {}); }

void run_follow_up(Run& run, const StopToken& stop) {
  // Both the number of replicas and the selector are taken from what was read in the beginning.
  if (run.plan.procedure.course == Course::sequential && run.plan.procedure.workload == Workload::stateful_set)
    unchanged_set(run, stop);
  for (const Announced& each :
       follow_up({run.plan, run.request, run.facts}, {run.archive, run.checkpoint_image, run.other_consumers}))
    journal_announced(run, Phase::restoring, each);
}

/// False: something failed; what is left is for the finish, which tries it again.
bool carry_out(Run& run, Stages stages) {
  Operations operations(run.ports);
  const bool done =
      apply(run.journal, Direction::finish, operations, run.observer, {run.request.timeouts.restore, stages, true})
          .left.empty();
  run.incomplete = !done;
  return done;
}

void run_swap(Run& run, const StopToken&) {
  if (!carry_out(run, kBeforeServing)) return;
  run.phase_note = run.plan.procedure.course == Course::sequential
                       ? "the source's own termination awaited, restored under its name"
                       : "set orphaned, source gone, restored under its name";
}

void run_serve(Run& run, const StopToken&) {
  // The source is gone and the copy on hold: what the valve held goes back before anybody takes it.
  if (run.valve) run.valve->open();
  if (!carry_out(run, kServing)) return;
  run.target_at = Clock::now();
  run.phase_note = fmt::format("{} messages had waited in {}", *run.measures.held, run.plan.queue);
}

}  // namespace

const Step step::plan_follow_up{Phase::transferring, announce_follow_up, run_follow_up};
const Step step::swap_under_name{Phase::restoring, nothing, run_swap};
const Step step::serve_under_name{Phase::replaying, nothing, run_serve};

}  // namespace ms2m
