#include "steps/transfer.hpp"

#include <fmt/format.h>

#include "kube/objects/names.hpp"
#include "kube/objects/placement.hpp"
#include "undo/operations.hpp"

namespace ms2m {

std::string architecture_of(const NodeFacts& node) {
  if (!node.node) return "";
  return node.node->architecture.empty() ? "amd64" : node.node->architecture;
}

std::vector<op::RemoveLayout> layouts_left(const Landing& landing) {
  std::vector<op::RemoveLayout> all;
  for (const Trace& trace : landing.leaves) all.push_back({trace.node, trace.directory});
  return all;
}

ProgressFn progress_to(Observer& observer, Phase phase) {
  return [&observer, phase](const MoveProgress& progress) {
    Event event;
    event.type = Event::Type::progress;
    event.phase = phase;
    event.done = progress.done;
    event.total = progress.total;
    event.travelled = progress.travelled;
    observer.on(event);
  };
}

LastWay::LastWay(const Plan& plan, Dials& dials)
    : dials_(dials), memory_follows_(plan.procedure.memory_follows()) {
  // The nodes have been told how fast it goes.
  if (plan.procedure.carriage != Carriage::relay)
    dials_.close_bandwidth("too late: the checkpoint goes by another way than through ms2m, and is under way");
}

LastWay::~LastWay() {
  if (!memory_follows_) dials_.close_bandwidth("too late: the checkpoint has been carried");
}

MoveRequest move_request(const Move& move, const Dials& dials, const Checkpoint& checkpoint, Unpack as,
                         Observer& observer) {
  const Plan& plan = move.plan;
  MoveRequest request{plan.source_node, checkpoint, plan.target_node, plan.target_landing.directory, as,
                      dials.bandwidth()};
  request.per_second_now = [&dials] { return dials.bandwidth(); };
  request.carriage = plan.procedure.carriage;
  request.compress = plan.procedure.compression;
  request.container = plan.container;
  request.architecture = architecture_of(move.facts.target);
  request.on_detour = [&observer, from = plan.source_node, to = plan.target_node](const std::string& why) {
    warn(observer,
         fmt::format("the checkpoint goes through ms2m, because node {} does not reach node {} any more: {}", from, to,
                     why),
         "");
  };
  return request;
}

std::string compressed_text(const MoveResult& moved) {
  if (!moved.travelled || *moved.travelled >= moved.bytes) return "";
  return fmt::format(", compressed to {:.1f} MB", static_cast<double>(moved.travelled->count) / 1e6);
}

std::string carried_text(const MoveResult& moved) {
  return fmt::format("{:.1f} MB {}{}", static_cast<double>(moved.bytes.count) / 1e6,
                     moved.carriage == Carriage::direct     ? "from node to node"
                     : moved.carriage == Carriage::registry ? "through the registry"
                                                            : "through ms2m",
                     compressed_text(moved));
}

std::string compression_text(const Procedure& procedure) {
  switch (procedure.compression) {
    case Compression::none:
      return "";
    case Compression::zstd:
      return ", compressed (zstd)";
    case Compression::automatic:
      return ", compressed where that is faster";
  }
  return "";
}

std::string way_text(const Plan& plan) {
  if (plan.procedure.carriage == Carriage::registry) return " through " + plan.registry_name;
  return fmt::format("{}{}", plan.procedure.carriage == Carriage::direct ? ", from node to node" : "",
                     compression_text(plan.procedure));
}

std::vector<Announced> left_in_registry(const Plan& plan) {
  if (plan.registry_name.empty()) return {};
  const op::RemoveFromRegistry removal{plan.source_node, plan.registry_name};
  return {{"", removal, removal}};
}

namespace {

/// The first says what is done; the carrier says what it leaves.
std::vector<Announced> stream_lines(const Plan& plan) {
  std::vector<Announced> all{
      {fmt::format("stream the archive to {}:{}{}", plan.target_node, plan.target_landing.directory, way_text(plan))}};
  for (const op::RemoveLayout& layout : layouts_left(plan.target_landing)) {
    if (all.back().undo) all.emplace_back();
    all.back().undo = all.back().finish = layout;
  }
  for (const Announced& each : left_in_registry(plan)) all.push_back(each);
  return all;
}

/// The name will point at the original image. One that nobody may start from yet has another name, which goes with it.
Announced import_line(const Move& move, const std::string& image) {
  const Plan& plan = move.plan;
  const std::string line = "import it as " + image;
  const auto staged = op::RemoveImageName{plan.target_node, image, Stage::staged_names};
  if (image != plan.stored_image) return {line, staged, staged};
  const std::string original = move.facts.source.image ? move.facts.source.image->id : "";
  return {line, op::RemoveImageName{plan.target_node, image},
          op::PointImageName{plan.target_node, image, original, plan.ns, plan.target_pod}};
}

/// The image itself holds the memory and must go whatever happens.
Announced image_line(const Plan& plan, const std::string& id) {
  const auto removal = op::RemoveImage{plan.target_node, id};
  return {"", removal, removal};
}

std::vector<Announced> lines_for(const Move& move, const std::string& image) {
  std::vector<Announced> all = stream_lines(move.plan);
  all.push_back(import_line(move, image));
  all.push_back(image_line(move.plan, ""));
  return all;
}

MoveResult carry(const Transfer& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  for (const Announced& each : stream_lines(plan)) journal_announced(at.journal, Phase::transferring, each);
  const LastWay way(plan, at.dials);
  return at.carrier.move(move_request(at.move, at.dials, at.checkpoint.is, Unpack::layout, at.observer),
                         progress_to(at.observer), stop);
}

}  // namespace

std::vector<Announced> Transfer::announce(const Move& move) { return lines_for(move, move.plan.stored_image); }

Ran Transfer::run_as(const std::string& image, const StopToken& stop) const {
  const Plan& plan = move.plan;
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.transfer));
  const MoveResult moved = carry(*this, limit);
  bytes = moved.bytes;
  carriage = moved.carriage;
  travelled = moved.travelled;
  guards.check();
  journal_announced(journal, Phase::transferring, import_line(move, image));
  imported.id =
      images.import_checkpoint(plan.target_node,
                               {plan.target_landing.directory, moved.sha256, moved.bytes, image, plan.container,
                                architecture_of(move.facts.target), move.facts.source.image->user},
                               limit);
  journal_announced(journal, Phase::transferring, image_line(plan, imported.id));
  tell(observer, Phase::transferring, "image " + image + " is on " + plan.target_node);
  return {carried_text(moved) + ", imported as checkpoint image"};
}

std::vector<Announced> TransferStaged::announce(const Move& move) {
  return lines_for(move, staged_image_name(move.plan.stored_image));
}

Ran TransferStaged::run(const StopToken& stop) const {
  return transfer.run_as(staged_image_name(transfer.move.plan.stored_image), stop);
}

}  // namespace ms2m
