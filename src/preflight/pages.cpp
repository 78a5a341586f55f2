// Findings about memory that comes from the source's own.
#include <fmt/format.h>

#include <algorithm>

#include "handover/prepared_restore.hpp"
#include "plan/dump_time.hpp"
#include "plan/quieting.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

/// The source stands still from its dump until the copy has its last page, and `create` of the copy lasts as long.
void check_pages(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  const std::string files = "use --pages files";
  if (facts.procedure.course != Course::handoff)
    return refuse(out, "pages",
                  "--pages stream is for a source that knows the control protocol and stays until its copy is there",
                  files);
  const std::string &here = facts.source.tools.criu, &there = facts.target.tools.criu;
  if (!here.empty() && !there.empty() && here != there)
    refuse(out, "pages",
           fmt::format("CRIU is {} on the source's node and {} on the target, and what they say of pages to each other "
                       "changes with versions",
                       here, there),
           files + ", or have the same CRIU on both");
  Seconds still = dump_time(facts);
  if (request.bandwidth)
    still = std::max(still, Seconds(static_cast<double>(facts.source.look.memory.count) /
                                    static_cast<double>(request.bandwidth->count)));
  if (const Seconds wait(restore_wait(facts.target.kubelet_patience)); still >= wait)
    return refuse(
        out, "pages",
        fmt::format("the copy's memory would come for about {:.0f} s, and its kubelet waits no longer than {:.0f} s",
                    still.count(), wait.count()),
        files);
  if (const auto allowed = liveness_allows(facts); allowed && still >= *allowed)
    return refuse(out, "liveness",
                  fmt::format("the source stands still for about {:.1f} s, until its memory is over there, and its "
                              "liveness probe may have it started again after {:g} s, which loses its memory",
                              still.count(), allowed->count()),
                  files + ", or let the probe fail for longer before it acts, with a larger failureThreshold");
  out.push_back(
      {"pages", Level::ok,
       fmt::format("the copy's memory comes from the source's, which stands still for about {:.1f} s", still.count()),
       ""});
}

}  // namespace ms2m
