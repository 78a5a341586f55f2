#include "plan/prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "kube/objects/traits.hpp"

namespace ms2m {
namespace {

constexpr double kGiB = 1 << 30;
constexpr std::size_t kLatest = 8;  ///< of the earlier moves: nodes and workloads change

/// Between a quick machine and a slow one, for a process of some 20 MB; then what each GiB more adds.
struct Typical {
  Phase phase;
  double least, most, least_per_gib, most_per_gib;
  const char* of;
};

/// The log has to be read once more, at the consumer's own speed, which nobody knows beforehand.
std::vector<Typical> typical_replay(const Facts& facts) {
  constexpr double kFast = 20000, kSlow = 100;
  const double messages =
      facts.stream ? static_cast<double>(std::max<std::int64_t>(facts.stream->offset - facts.stream->first + 1, 0)) : 0;
  return {{Phase::preparing, 0.1, 1.0, 0, 0, "queues"},
          {Phase::restoring, 0.5, 5.0, 0, 0, "the start of a fresh pod"},
          {Phase::replaying, 0.1 + messages / kFast, 0.5 + messages / kSlow, 0, 0,
           "the messages of the state once more, at 100 to 20000 a second, and the hand-over"},
          {Phase::finalizing, 0.2, 3.0 + Seconds(grace_period(facts.pod)).count(), 0, 0, "the source's own end"}};
}

std::vector<Typical> typical(const Plan& plan, const MigrationRequest& request, const Facts& facts) {
  if (!plan.procedure.moves_memory()) return typical_replay(facts);
  const Procedure& procedure = plan.procedure;
  const bool sequential = procedure.course == Course::sequential, in_place = procedure.source_first(),
             renamed_later = procedure.renamed_later();
  const bool warm = request.prefer == Prefer::gap && !in_place && !procedure.by_handler();
  const double grace = sequential ? Seconds(grace_period(facts.pod)).count() : 0;  // at most, and often less
  const double rounds = procedure.rounds > 0 ? 1 : 0;                              // those that follow are short
  const bool stream = procedure.memory_follows(), lazy = procedure.pages == Pages::lazy;
  return {{Phase::preparing, (warm ? 1.0 : 0.1) + rounds * 0.8, (warm ? 3.0 : 1.0) + rounds * 4.5, rounds * 4.8,
           rounds * 30,
           rounds > 0               ? "queues, a checkpoint and its memory's way while the source works"
           : warm                   ? "the target pod waits for its image for more than a second"
           : procedure.by_handler() ? "queues, and the target pod comes to wait for its data"
                                    : "queues"},
          {Phase::checkpointing, 0.3, 1.5, stream ? 0.1 : 0.8, stream ? 1.0 : 4.0,
           procedure.checkpoint == CheckpointBy::runtime ? "the checkpoint" : "the kubelet's checkpoint"},
          {Phase::transferring,
           stream       ? 0.05
           : rounds > 0 ? 0.3
                        : 0.5,
           stream       ? 0.6
           : rounds > 0 ? 2.0
                        : 3.0,
           stream       ? 0.0
           : rounds > 0 ? 0.6
                        : 4.0,
           stream       ? 0.0
           : rounds > 0 ? 4.0
                        : 26.0,
           stream                   ? "the way of all but the memory"
           : rounds > 0             ? "what has changed since the pre-copy"
           : procedure.by_handler() ? "the archive's way"
                                    : "the archive's way and its import"},
          {Phase::restoring, in_place ? 0.8 : 0.4, (in_place ? 4.0 : 3.0) + grace, lazy ? 0.2 : 2.0, lazy ? 2.0 : 8.0,
           sequential ? "the source's termination, restore and reconnect"
           : lazy     ? "restore and reconnect, without most of the memory"
           : stream   ? "restore, the memory's way, reconnect"
                      : "restore and reconnect"},
          {Phase::replaying, 0.05, procedure.relays() || procedure.of_stream() ? 3 : 0.5, 0, 0, "the hand-over"},
          {Phase::finalizing, renamed_later ? 3.0 : 0.2, renamed_later ? 14.0 : 3.0,
           renamed_later ? 7.0
           : lazy        ? 2.0
                         : 0.0,
           renamed_later ? 38.0
           : lazy        ? 8.0
                         : 0.0,
           renamed_later ? "the second half under the old name"
           : lazy        ? "the memory's way, the source's end"
                         : "the source's end"}};
}

std::vector<PredictedPhase> from_typical(const std::vector<Typical>& figures, Bytes memory) {
  const double gib = static_cast<double>(memory.count) / kGiB;
  std::vector<PredictedPhase> predicted;
  for (const Typical& each : figures) {
    const double least = each.least + gib * each.least_per_gib, most = each.most + gib * each.most_per_gib;
    predicted.push_back({each.phase, Seconds(std::sqrt(least * most)), fmt::format("typical figures: {}", each.of),
                         Seconds(least), Seconds(most)});
  }
  return predicted;
}

/// The checkpoint is about as large as the memory; compressed, nobody knows how small it becomes.
void limit_to(Bytes per_second, Bytes memory, bool compressed, Phase limited, std::vector<PredictedPhase>& predicted) {
  const Seconds least(static_cast<double>(memory.count) / static_cast<double>(per_second.count));
  for (PredictedPhase& each : predicted) {
    if (each.phase != limited || each.least >= least) continue;
    if (!compressed) each.least = least;
    each.elapsed = std::max(each.elapsed, compressed ? least / 2 : least);
    each.most = std::max(each.most, 1.5 * least);
    each.basis += fmt::format("; at most {:.1f} MB a second{}", static_cast<double>(per_second.count) / 1e6,
                              compressed ? ", of what is left when it is compressed" : "");
  }
}

/// The moves to go by, latest first.
std::vector<PastMove> comparable(const std::vector<PastMove>& past, const std::string& kind,
                                 const std::function<bool(const PastMove&)>& where) {
  std::vector<PastMove> chosen;
  for (auto move = past.rbegin(); move != past.rend() && chosen.size() < kLatest; ++move)
    if (move->kind == kind && where(*move)) chosen.push_back(*move);
  return chosen;
}

bool grows_with_memory(Phase phase, bool renamed_later, bool lazy) {
  return phase == Phase::preparing || phase == Phase::checkpointing || phase == Phase::transferring ||
         phase == Phase::restoring || (phase == Phase::finalizing && (renamed_later || lazy));
}

/// By what share of a typical phase's time the memory makes it longer or shorter; 1 where one of the two is not known.
double scale(const Typical& figure, Bytes then, Bytes now) {
  if (then.count == 0 || now.count == 0) return 1;
  const auto time = [&](Bytes memory) {
    return std::sqrt(figure.least * figure.most) +
           static_cast<double>(memory.count) / kGiB * std::sqrt(figure.least_per_gib * figure.most_per_gib);
  };
  return time(now) / time(then);
}

std::optional<Seconds> phase_of(const PastMove& move, Phase phase) {
  for (const PhaseTiming& timing : move.phases)
    if (timing.phase == phase) return timing.elapsed;
  return std::nullopt;
}

/// A few moves do not show how far they differ.
double doubt(std::size_t moves) { return moves == 1 ? 1.5 : moves == 2 ? 1.3 : 1.15; }

std::vector<PredictedPhase> unlimited(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                                      const std::vector<PastMove>& past) {
  const Bytes memory = facts.source.look.memory;
  const auto figures = typical(plan, request, facts);
  const std::string kind = kind_of(plan, request);
  std::string where = fmt::format("from {} to {}", plan.source_node, plan.target_node);
  auto moves = comparable(
      past, kind, [&](const PastMove& move) { return move.from == plan.source_node && move.to == plan.target_node; });
  if (moves.empty()) {
    moves = comparable(past, kind, [](const PastMove&) { return true; });
    where = "between other nodes";
  }
  std::vector<PredictedPhase> predicted = from_typical(figures, memory);
  if (moves.empty()) return predicted;
  const bool renamed_later = plan.procedure.renamed_later(), lazy = plan.procedure.pages == Pages::lazy;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (!plan.procedure.moves_memory() && figures[i].phase == Phase::replaying) continue;  // another log than theirs
    std::vector<double> times;
    for (const PastMove& move : moves)
      if (const auto elapsed = phase_of(move, figures[i].phase))
        times.push_back(elapsed->count() * (grows_with_memory(figures[i].phase, renamed_later, lazy)
                                                ? scale(figures[i], move.memory, memory)
                                                : 1));
    if (times.empty()) continue;
    std::sort(times.begin(), times.end());
    predicted[i] = {figures[i].phase, Seconds(times[times.size() / 2]),
                    fmt::format("{} earlier move{} {}", times.size(), times.size() == 1 ? "" : "s", where),
                    Seconds(times.front() / doubt(times.size())), Seconds(times.back() * doubt(times.size()))};
  }
  return predicted;
}

}  // namespace

std::vector<PredictedPhase> predict(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                                    const std::vector<PastMove>& past) {
  auto predicted = unlimited(plan, request, facts, past);
  if (request.bandwidth && plan.procedure.moves_memory())
    limit_to(*request.bandwidth, facts.source.look.memory, plan.procedure.compression != Compression::none,
             plan.procedure.rounds > 0             ? Phase::preparing
             : plan.procedure.pages == Pages::lazy ? Phase::finalizing
             : plan.procedure.memory_follows()     ? Phase::restoring
                                                   : Phase::transferring,
             predicted);
  return predicted;
}

}  // namespace ms2m
