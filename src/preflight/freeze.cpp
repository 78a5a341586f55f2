// Findings about how long the source stands still: its kubelet must not start it again meanwhile, and its connection to
// the broker may not outlive it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "plan/dump_time.hpp"
#include "plan/quieting.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

void check_liveness(const Facts& facts, std::vector<Finding>& out) {
  const auto allowed = liveness_allows(facts);
  if (!allowed) return;
  const bool none = facts.procedure.course == Course::valve;
  const Seconds frozen = frozen_in_the_move(facts);
  if (frozen < *allowed) return;
  refuse(out, "liveness",
         fmt::format("the source stands still for about {:.1f} s {}, and its liveness probe may have it started again "
                     "after {:g} s, which loses its memory",
                     frozen.count(), none ? "from the freeze to its end" : "while the checkpoint is written",
                     allowed->count()),
         "let the probe fail for longer before it acts, with a larger failureThreshold");
}

}  // namespace

void check_freezes(const Facts& facts, std::vector<Finding>& out) {
  check_liveness(facts, out);
  const Seconds dump = dump_time(facts);
  const Course course = facts.procedure.course;
  if (course == Course::valve || course == Course::fanout || !facts.heartbeat) return;
  // The broker gives a silent connection up after two of its heartbeats.
  if (facts.heartbeat->count() == 0 || dump < Seconds(*facts.heartbeat)) return;
  out.push_back(
      {"heartbeat", Level::warning,
       fmt::format("the checkpoint of {} MB will freeze the source for about {:.1f} s, and its connection to the "
                   "broker has heartbeats of {} s: the broker may close it meanwhile. ms2m waits for the "
                   "source to connect again",
                   facts.source.look.memory.count >> 20, dump.count(), facts.heartbeat->count()),
       "let the consumer read its control queue before it consumes when it connects again "
       "(ms2m-protocol(7)), or give its connection longer heartbeats"});
}

}  // namespace ms2m
