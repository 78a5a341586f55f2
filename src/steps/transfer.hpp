// The archive's way to the target, and into its image store.
#pragma once
#include <string>
#include <vector>

#include "ms2m/dials.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// The image's architecture for a container of that node.
std::string architecture_of(const NodeFacts& node);
/// Events of type progress.
ProgressFn progress_to(Observer& observer, Phase phase = Phase::transferring);
/// The move that the plan says, of that checkpoint, without a round; warns of a detour. As fast as the operator wants
/// it by now; through ms2m, also while it goes.
MoveRequest move_request(const Move& move, const Dials& dials, const Checkpoint& checkpoint, Unpack as,
                         Observer& observer);
/// For as long as it lives, the data is on its way for the last time; where memory follows it, that goes by the same
/// bandwidth.
class LastWay {
 public:
  LastWay(const Plan& plan, Dials& dials);
  ~LastWay();
  LastWay(const LastWay&) = delete;
  LastWay& operator=(const LastWay&) = delete;

 private:
  Dials& dials_;
  bool memory_follows_;
};
/// "27.1 MB through ms2m", "27.1 MB from node to node", "27.1 MB through the registry"; ", compressed to 9.8 MB"
std::string carried_text(const MoveResult& moved);
/// Of a move, ", compressed to 9.8 MB"; empty: it did not become smaller.
std::string compressed_text(const MoveResult& moved);
/// For the plan's lines: ", compressed (zstd)"; empty: it is not.
std::string compression_text(const Procedure& procedure);
/// For the plan's line of a way; empty: through ms2m.
std::string way_text(const Plan& plan);
/// What it leaves in a registry, if it goes through one, journaled before it begins.
std::vector<Announced> left_in_registry(const Plan& plan);
/// What the carrier leaves there, journaled before it begins.
std::vector<op::RemoveLayout> layouts_left(const Landing& landing);

/// Afterwards the target's store has the image, under the name that the waiting pod asks for.
struct Transfer {
  static constexpr Phase kPhase = Phase::transferring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const { return run_as(move.plan.stored_image, stop); }
  Ran run_as(const std::string& image, const StopToken& stop) const;

  Move move;
  Carrier& carrier;
  ImageStore& images;
  Journal& journal;
  Observer& observer;
  Guards guards;
  const TakenCheckpoint& checkpoint;
  ImportedImage& imported;
  std::optional<Bytes>& bytes;
  std::optional<Carriage>& carriage;
  std::optional<Bytes>& travelled;
  Dials& dials;
};

/// Under another name, so that no kubelet can start the target pod from it yet.
struct TransferStaged {
  static constexpr Phase kPhase = Phase::transferring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Transfer transfer;
};

}  // namespace ms2m
