// How the source's process ends, once its state goes on elsewhere.
#include <fmt/format.h>

#include "kube/objects/container.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/traits.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_source_exit(const Facts& facts, std::vector<Finding>& out) {
  const Procedure& procedure = facts.procedure;
  if (procedure.course == Course::fanout) return;
  const auto container = container_in(facts.pod, facts.container);
  if (procedure.source_exit == SourceExit::graceful) {
    const auto grace = grace_period(facts.pod).count();
    return out.push_back({"source-exit", Level::ok,
                          fmt::format("the source ends in its own time: SIGTERM, and SIGKILL after {} s{}", grace,
                                      procedure.source_first() ? ", in which nobody works" : ""),
                          ""});
  }
  if (!container || !container->pre_stop)
    return out.push_back({"source-exit", Level::ok,
                          "the source's process is killed on its node and gets no SIGTERM: it goes on as the copy",
                          ""});
  out.push_back({"source-exit", Level::warning,
                 "the source's process is killed on its node: its preStop hook does not come to its end, and it gets "
                 "no SIGTERM, because it goes on as the copy",
                 "when they must run, use --source-exit graceful"});
}

}  // namespace ms2m
