#include "steps/source_first.hpp"

#include <fmt/format.h>

#include <utility>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/selector.hpp"
#include "steps/orphan.hpp"
#include "steps/retirement.hpp"
#include "steps/transfer.hpp"
#include "undo/apply.hpp"

namespace ms2m {
namespace {

/// What is known only when the archive is on the target.
struct Arrived {
  std::string archive, checkpoint_image, data;
  std::uint64_t other_consumers = 0;
};

/// Scaled down, the set would adopt a pod of that name and delete it at once [real]. So the copy comes without the
/// label by which the set selects, and gets it back when the set has been scaled up.
std::vector<Announced> scaling_lines(const Move& move, Json& copy) {
  const Plan& plan = move.plan;
  const Controller& set = *move.facts.owner;
  const auto key = deciding_label(set.selector, labels_of(copy));
  if (!key) return {};  // refused
  const op::Scaling scaling{plan.ns, plan.owner, set.uid, set.replicas, plan.source_pod, plan.source_uid, plan.image};
  const Json label{{*key, label_of(copy, *key)}};
  copy = without_label(std::move(copy), *key);
  return {{"", {}, op::ScaleDown{scaling}}, {"", {}, op::ScaleUp{scaling, label}}};
}

/// Layout, name and image are on the source's node only if the process had to go back there.
std::vector<Announced> image_lines(const Move& move, const Json& copy, const Arrived& arrived) {
  const Plan& plan = move.plan;
  const auto& image = move.facts.source.image;
  std::vector<Announced> all{
      {"",
       {},
       op::RestorePod{copy, move.names().hold, plan.source_node, arrived.archive, plan.source_landing.directory,
                      plan.stored_image, plan.container, architecture_of(move.facts.source), image ? image->user : "",
                      plan.target_control_queue}}};
  for (const op::RemoveLayout& layout : layouts_left(plan.source_landing)) all.push_back({"", {}, layout});
  all.push_back(
      {"",
       {},
       op::PointImageName{plan.source_node, plan.stored_image, image ? image->id : "", plan.ns, plan.target_pod}});
  all.push_back({"", {}, op::RemoveImage{plan.source_node, arrived.checkpoint_image}});
  return all;
}

std::vector<Announced> handler_lines(const Move& move, const Arrived& arrived) {
  const Plan& plan = move.plan;
  op::RestorePod restore{
      plan.target_spec,         move.names().hold, plan.source_node, arrived.archive, "", "", plan.container, "", "",
      plan.target_control_queue};
  restore.data = arrived.data;
  restore.image_id = source_image_id(move.facts);
  return {{"", {}, restore},
          {"", {}, op::CompleteRestore{plan.target_node, plan.id, plan.ns, plan.target_pod}},
          {"", {}, op::RemoveRestore{plan.source_node, plan.id}}};
}

std::vector<Announced> follow_up(const Move& move, const Arrived& arrived) {
  const Plan& plan = move.plan;
  Json copy = plan.target_spec;
  std::vector<Announced> all;
  if (plan.procedure.course == Course::sequential && move.facts.owner &&
      plan.procedure.workload == Workload::stateful_set)
    all = scaling_lines(move, copy);
  all.push_back(end_of_source(move));
  const auto restored = plan.procedure.by_handler() ? handler_lines(move, arrived) : image_lines(move, copy, arrived);
  all.insert(all.end(), restored.begin(), restored.end());
  all.push_back({"",
                 {},
                 op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue,
                                  end_replay("target", plan.id), arrived.other_consumers}});
  all.push_back({"", {}, op::StripMarks{plan.ns, plan.target_pod}});
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

}  // namespace

std::vector<Announced> PlanFollowUp::announce(const Move& move) { return follow_up(move, {}); }

Ran PlanFollowUp::run(const StopToken& stop) const {
  // Both the number of replicas and the selector are taken from what was read in the beginning.
  if (move.plan.procedure.course == Course::sequential && move.plan.procedure.workload == Workload::stateful_set)
    unchanged_set(move, cluster, stop);
  for (const Announced& each :
       follow_up(move, {std::get<KubeletArchive>(checkpoint.is).path, imported.id, brought.sha256, source.others}))
    journal_announced(journal, Phase::restoring, each);
  return {};
}

namespace {

/// False: something failed.
bool carry_out(const Move& move, Journal& journal, Operations& operations, Observer& observer, Stages stages) {
  return apply(journal, Direction::finish, operations, observer, {move.request.timeouts.restore, stages, true})
      .left.empty();
}

}  // namespace

Ran SwapUnderName::run(const StopToken&) const {
  if (!carry_out(move, journal, operations, observer, kBeforeServing)) return {.complete = false};
  return {move.plan.procedure.course == Course::sequential
              ? "the source's own termination awaited, restored under its name"
              : "set orphaned, source gone, restored under its name"};
}

Ran ServeUnderName::run(const StopToken&) const {
  // The source is gone and the copy on hold: what the valve held goes back before anybody takes it.
  if (own.valve) own.valve->open();
  if (!carry_out(move, journal, operations, observer, kServing)) return {.complete = false};
  times.target = Clock::now();
  return {fmt::format("{} messages had waited in {}", *held, move.plan.queue)};
}

}  // namespace ms2m
