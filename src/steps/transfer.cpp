#include "steps/transfer.hpp"

#include <fmt/format.h>

#include "journal/operation.hpp"
#include "kube/objects/names.hpp"
#include "steps/guards.hpp"
#include "steps/steps.hpp"
#include "undo/operations.hpp"

namespace ms2m {

std::string architecture_of(const NodeFacts& node) {
  if (!node.object) return "";
  return node.object->value("status", Json::object()).value("nodeInfo", Json::object()).value("architecture", "amd64");
}

std::string layout_directory(const Plan& plan) { return std::string(kLayoutRoot) + "/" + plan.id; }

namespace {

/// Stream, import, the image itself: it holds the memory and must go whatever happens; the name will point at the
/// original image. One that nobody may start from yet has another name, which goes with it.
std::vector<Announced> archive_lines(const Plan& plan, const Facts& facts, const std::string& image) {
  const std::string &node = plan.target_node, directory = layout_directory(plan);
  const auto layout = op::RemoveLayout{node, directory};
  const auto checkpoint = op::RemoveImage{node, ""};
  const std::string line = "import it as " + image;
  const bool final = image == plan.stored_image;
  const auto staged = op::RemoveImageName{node, image, Stage::staged_names};
  const std::string original = facts.source.image ? facts.source.image->id : "";
  return {{fmt::format("stream the archive to {}:{}", node, directory), layout, layout},
          final ? Announced{line, op::RemoveImageName{node, image},
                            op::PointImageName{node, image, original, plan.ns, plan.target_pod}}
                : Announced{line, staged, staged},
          {"", checkpoint, checkpoint}};
}

void transfer_as(Run& run, const std::string& image, const StopToken& stop) {
  const Plan& plan = run.plan;
  const std::string directory = layout_directory(plan);
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.transfer));
  const std::vector<Announced> announced = archive_lines(plan, run.facts, image);
  journal_announced(run, Phase::transferring, announced[0]);
  const auto progress = [&](Bytes done, std::optional<Bytes> total) {
    Event event;
    event.type = Event::Type::progress;
    event.phase = Phase::transferring;
    event.done = done;
    event.total = total;
    run.observer.on(event);
  };
  const MoveResult moved =
      run.ports.carrier.move({plan.source_node, run.archive, plan.target_node, directory}, progress, limit);
  run.measures.bytes = moved.bytes;
  check_guards(run);
  journal_announced(run, Phase::transferring, announced[1]);
  const std::string architecture = architecture_of(run.facts.target);
  const std::string& id = run.checkpoint_image = run.ports.images.import_checkpoint(
      plan.target_node,
      {directory, moved.sha256, moved.bytes, image, plan.container, architecture, run.facts.source.image->user}, limit);
  // The name will point at the original image; the checkpoint itself holds the memory and must go whatever happens.
  run.journal.effect(Phase::transferring, planned_words(op::RemoveImage{plan.target_node, id}),
                     op::RemoveImage{plan.target_node, id}, op::RemoveImage{plan.target_node, id});
  run.tell(Phase::transferring, "image " + image + " is on " + plan.target_node);
  run.phase_note =
      fmt::format("{:.1f} MB by ssh, imported as checkpoint image", static_cast<double>(moved.bytes.count) / 1e6);
}

std::vector<Announced> announce_staged(const Move& move) {
  return archive_lines(move.plan, move.facts, staged_image_name(move.plan.stored_image));
}

void run_staged(Run& run, const StopToken& stop) { transfer_as(run, staged_image_name(run.plan.stored_image), stop); }

}  // namespace

std::vector<Announced> announce_transfer(const Move& move) {
  return archive_lines(move.plan, move.facts, move.plan.stored_image);
}

void transfer(Run& run, const StopToken& stop) { transfer_as(run, run.plan.stored_image, stop); }

const Step step::transfer{Phase::transferring, announce_transfer, ms2m::transfer};
const Step step::transfer_staged{Phase::transferring, announce_staged, run_staged};

}  // namespace ms2m
