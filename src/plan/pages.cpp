#include "plan/pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "handover/prepared_restore.hpp"
#include "plan/dump_time.hpp"
#include "plan/quieting.hpp"

namespace ms2m {
namespace {

constexpr const char* kFiles = "use --pages files";
/// From memory to memory 20 MB take as long as through files; of 256 MiB nobody processed for 2.2 s instead of 3.2
/// (README.md). What lies between was not measured.
constexpr Bytes kLarge{128u << 20};

}  // namespace

std::optional<AgainstPages> against_pages(const Facts& facts, const MigrationRequest& request) {
  if (facts.procedure.course != Course::handoff)
    return AgainstPages{"pages",
                        {fmt::format("--pages {} is for a source that knows the control protocol and stays until its "
                                     "copy is there",
                                     to_string(facts.procedure.pages)),
                         kFiles}};
  const std::string &here = facts.source.tools.criu, &there = facts.target.tools.criu;
  if (!here.empty() && !there.empty() && here != there)
    return AgainstPages{"pages",
                        {fmt::format("CRIU is {} on the source's node and {} on the target, and what they say of pages "
                                     "to each other changes with versions",
                                     here, there),
                         std::string(kFiles) + ", or have the same CRIU on both"}};
  const Seconds still = memory_time(facts, request);
  const Seconds wait(restore_wait(facts.target.kubelet_patience));
  if (facts.procedure.pages != Pages::lazy && still >= wait)
    return AgainstPages{"pages",
                        {fmt::format("the copy's memory would come for about {:.0f} s, and its kubelet waits no longer "
                                     "than {:.0f} s",
                                     still.count(), wait.count()),
                         kFiles}};
  if (const Seconds most = longest_serving(request.timeouts); still >= most)
    return AgainstPages{"pages",
                        {fmt::format("the copy's memory would come for about {:.0f} s, and the source keeps it for no "
                                     "longer than {:.0f} s",
                                     still.count(), most.count()),
                         std::string(kFiles) + ", or allow more with --bandwidth or --transfer-timeout"}};
  const auto allowed = liveness_allows(facts);
  if (!allowed || still < *allowed) return std::nullopt;
  return AgainstPages{
      "liveness",
      {fmt::format("the source stands still for about {:.1f} s, until its memory is over there, and its liveness probe "
                   "may have it started again after {:g} s, which loses its memory",
                   still.count(), allowed->count()),
       std::string(kFiles) + ", or let the probe fail for longer before it acts, with a larger failureThreshold"}};
}

Pages chosen_pages(Facts facts, const MigrationRequest& request) {
  const Bytes memory = facts.source.look.memory, shared = facts.source.look.shared_memory;
  facts.procedure.pages = Pages::stream;
  const bool can = facts.procedure.by_handler() && facts.procedure.checkpoint == CheckpointBy::runtime &&
                   request.carriage != Carriage::registry && request.precopy.value_or(0) == 0 &&
                   !facts.source.tools.criu.empty() && facts.source.tools.criu == facts.target.tools.criu;
  const bool pays = memory.count >= kLarge.count && shared.count < memory.count / 2;
  return can && pays && !against_pages(facts, request) ? Pages::stream : Pages::files;
}

Millis longest_serving(const StepTimeouts& times) {
  constexpr Millis kMost{3600 * 1000};  // the node's own (src/node/program/dumps.cpp)
  return std::min(kMost, std::chrono::ceil<Millis>(times.checkpoint + times.transfer + times.restore));
}

Seconds memory_time(const Facts& facts, const MigrationRequest& request) {
  const Seconds unlimited = dump_time(facts);
  if (!request.bandwidth) return unlimited;
  return std::max(unlimited, Seconds(static_cast<double>(facts.source.look.memory.count) /
                                     static_cast<double>(request.bandwidth->count)));
}

}  // namespace ms2m
