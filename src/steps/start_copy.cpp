// Without the control protocol: the copy of a frozen source starts, and the valve opens for it.
#include <fmt/format.h>

#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/freeze.hpp"
#include "steps/restore.hpp"
#include "steps/retirement.hpp"
#include "steps/steps.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

/// The image's name, the copy, the end of the frozen source.
std::vector<Announced> forward_lines(const Move& move, const std::string& instance, const std::string& checkpoint) {
  const Plan& plan = move.plan;
  const op::Frozen source = frozen_source(plan, instance);
  const std::string original = move.facts.source.image ? move.facts.source.image->id : "";
  std::vector<Announced> all{
      {"name the image " + plan.stored_image, op::RemoveImageName{plan.target_node, plan.stored_image},
       op::PointImageName{plan.target_node, plan.stored_image, original, plan.ns, plan.target_pod}},
      {"",
       {},
       op::StartCopy{plan.ns, plan.target_pod, plan.id, plan.container, plan.target_node, plan.stored_image, checkpoint,
                     plan.queue}}};
  if (plan.procedure.source_end == SourceEnd::adoption) {
    op::Adopt adoption = adoption_of(plan, move.facts);
    adoption.node = source.node;
    adoption.frozen = source.container;
    all.push_back({"", {}, adoption});
  } else {
    all.push_back({"", {}, op::RetireFrozen{source}});
  }
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

std::vector<Announced> announce_start(const Move& move) {
  std::vector<Announced> all = forward_lines(move, "", "");
  all.push_back({fmt::format("pivot: annotate pod {} so that the kubelet restores it, and see it consume {}",
                             move.plan.target_pod, move.plan.queue)});
  return all;
}

void start_and_see_it_consume(Run& run, const StopToken& stop) {
  run.ports.images.point_name(run.plan.target_node, run.plan.stored_image, run.checkpoint_image, stop);
  restore(run, run.plan.queue, 2, stop);
  const auto depth = run.ports.broker.depth(run.plan.queue, stop).value_or(QueueDepth{});
  if (depth.consumers > 2)
    throw Error(ErrorKind::inconsistent,
                fmt::format("queue {} has {} consumers besides the valve", run.plan.queue, depth.consumers - 1));
}

void run_start(Run& run, const StopToken& stop) {
  for (const Announced& each :
       forward_lines({run.plan, run.request, run.facts}, run.source_instance, run.checkpoint_image))
    journal_announced(run, Phase::restoring, each);
  stop.check("restoring");
  run.journal.mark(Mark::pivoted);
  try {
    start_and_see_it_consume(run, stop);
  } catch (const std::exception&) {
    // The valve was closed all the time: whatever ran got nothing.
    if (withdraw_copy(run.ports, run.journal, !run.valve->broken(), StopToken().within(std::chrono::minutes(2))))
      run.journal.mark(Mark::turned_back);
    throw;
  }
  run.phase_note = "source frozen, CRIU restore in the waiting pod, reconnected to the broker";
}

std::vector<Announced> announce_open(const Move& move) {
  return {{fmt::format("open the valve: {} gets what waited", move.plan.target_pod)}};
}

void run_open(Run& run, const StopToken&) {
  run.measures.held = run.valve->held();
  run.valve->open();
  run.target_at = Clock::now();
  run.phase_note = fmt::format("{} messages had waited behind the valve", *run.measures.held);
}

}  // namespace

const Step step::start_copy{Phase::restoring, announce_start, run_start};
const Step step::open_valve{Phase::replaying, announce_open, run_open};

}  // namespace ms2m
