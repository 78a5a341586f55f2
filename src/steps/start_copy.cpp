#include "steps/start_copy.hpp"

#include <fmt/format.h>

#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/freeze.hpp"
#include "steps/retirement.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

/// The image's name, where there is one, the copy, the end of the frozen source.
std::vector<Announced> forward_lines(const Move& move, const std::string& instance, const std::string& checkpoint,
                                     const std::string& data) {
  const Plan& plan = move.plan;
  op::StartCopy start{plan.ns,          plan.target_pod,   plan.id,    plan.container,
                      plan.target_node, plan.stored_image, checkpoint, plan.queue};
  start.data = data;
  std::vector<Announced> all;
  if (plan.procedure.by_handler()) {
    all.push_back({"", {}, op::CompleteRestore{plan.target_node, plan.id}});
  } else {
    const std::string original = move.facts.source.image ? move.facts.source.image->id : "";
    all.push_back({"name the image " + plan.stored_image, op::RemoveImageName{plan.target_node, plan.stored_image},
                   op::PointImageName{plan.target_node, plan.stored_image, original, plan.ns, plan.target_pod}});
  }
  all.push_back({"", {}, start});
  all.push_back(end_of_source(move, instance));
  for (const Announced& each : rename_lines(move)) all.push_back(each);
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

/// As soon as the image has its name, or the handler is told, the copy may start, and should ms2m die then, the valve
/// opens for it: a source that was thawed would be a second owner. Not sooner, as before that the copy cannot be, and
/// the source would wait for a person. It is refused when the source was not frozen all the time; so what was seen then
/// is so still.
void keep_frozen(const StartCopy& at) {
  const op::Frozen source = frozen_source(at.move.plan, at.source.instance);
  if (!at.processes.freeze(source.node, source.container, {std::nullopt, AtEnd::stay}, StopToken()))
    throw Error(ErrorKind::inconsistent, "the source ended while it was frozen");
}

void start_and_see_it_consume(const StartCopy& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  if (!plan.procedure.by_handler()) at.images.point_name(plan.target_node, plan.stored_image, at.imported.id, stop);
  at.restore.on(plan.queue, 2, stop);
  const auto depth = at.broker.depth(plan.queue, stop).value_or(QueueDepth{});
  if (depth.consumers > 2)
    throw Error(ErrorKind::inconsistent,
                fmt::format("queue {} has {} consumers besides the valve", plan.queue, depth.consumers - 1));
}

}  // namespace

std::vector<Announced> StartCopy::announce(const Move& move) {
  std::vector<Announced> all = forward_lines(move, "", "", "");
  all.push_back(
      {fmt::format("pivot: {}, and see it consume {}", Restore::announce(move).front().text, move.plan.queue)});
  return all;
}

Ran StartCopy::run(const StopToken& stop) const {
  for (const Announced& each : forward_lines(move, source.instance, imported.id, brought.sha256))
    journal_announced(journal, Phase::restoring, each);
  stop.check("restoring");
  keep_frozen(*this);
  journal.mark(Mark::pivoted);
  try {
    start_and_see_it_consume(*this, stop);
  } catch (const std::exception&) {
    // The valve was closed all the time: whatever ran got nothing.
    if (withdraw_copy({cluster, images, restores}, journal, !own.valve->broken(),
                      StopToken().within(std::chrono::minutes(2))))
      journal.mark(Mark::turned_back);
    throw;
  }
  return {move.plan.procedure.by_handler()
              ? "source frozen, CRIU restore by the runtime handler, reconnected to the broker"
              : "source frozen, CRIU restore in the waiting pod, reconnected to the broker"};
}

std::vector<Announced> OpenValve::announce(const Move& move) {
  return {{fmt::format("open the valve: {} gets what waited", move.plan.target_pod)}};
}

Ran OpenValve::run(const StopToken&) const {
  held = own.valve->held();
  own.valve->open();
  times.target = Clock::now();
  return {fmt::format("{} messages had waited behind the valve", *held)};
}

}  // namespace ms2m
