#include "plan/dump_time.hpp"

#include <fmt/format.h>

namespace ms2m {
namespace {

constexpr double kGiB = 1 << 30;
/// The kubelet's checkpoint on the real cluster: 0.62 to 0.66 s of 20 MB, 2.4 to 3.4 s of 1 GiB (kube-facts.md).
constexpr Seconds kDump{0.6}, kDumpPerGiB{3};
/// Dump, small images, restore, last page there: 2.4 s of 256 MiB, 4.7 to 5.3 s of 1 GiB (kube-facts.md).
constexpr Seconds kPages{1.7}, kPagesPerGiB{4};

}  // namespace

Seconds dump_time(const Facts& facts) {
  const double gib = static_cast<double>(facts.source.look.memory.count) / kGiB;
  return facts.procedure.memory_follows() ? kPages + kPagesPerGiB * gib : kDump + kDumpPerGiB * gib;
}

std::optional<Trouble> against_dump_at_work(const Facts& facts) {
  if (!facts.heartbeat)
    return Trouble{"the heartbeats of the source's connection to the broker are not known",
                   "let ms2m ask the broker's management API (a user with the tag monitoring), which names a consumer "
                   "some seconds after it has connected, or use --precopy off"};
  const Seconds dump = dump_time(facts);
  if (facts.heartbeat->count() == 0 || dump < Seconds(*facts.heartbeat)) return std::nullopt;
  return Trouble{fmt::format("a checkpoint makes the source stand still for about {:.1f} s, and its connection to the "
                             "broker has heartbeats of {} s",
                             dump.count(), facts.heartbeat->count()),
                 "give its connection longer heartbeats, or use --precopy off"};
}

}  // namespace ms2m
