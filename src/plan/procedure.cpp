#include "plan/procedure.hpp"

#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

Workload workload_of(const Json& pod) {
  if (!controller_of(pod)) return Workload::bare_pod;
  return in_a_set(pod) ? Workload::stateful_set : Workload::replica_set;
}

Strategy strategy_of(const MigrationRequest& request) {
  if (request.replay == Replay::fanout) return Strategy::handoff;  // its queues are its own
  if (request.protocol == Protocol::none && request.strategy == Strategy::shadow)
    return Strategy::handoff;  // a tee needs commands
  return request.strategy;
}

Course course_of(const Procedure& p, const MigrationRequest& request) {
  if (p.strategy == Strategy::replay) return request.from == kFromCheckpoint ? Course::hybrid : Course::replay;
  if (p.protocol == Protocol::none) return Course::valve;
  if (p.replay == Replay::fanout) return Course::fanout;
  if (p.strategy == Strategy::sequential) return Course::sequential;
  if (p.strategy == Strategy::shadow) return Course::shadow;
  return p.workload == Workload::stateful_set ? Course::in_place : Course::handoff;
}

SourceEnd source_end_of(const Procedure& p) {
  if (p.course == Course::sequential) return SourceEnd::scaling;
  if (p.workload == Workload::replica_set) return SourceEnd::adoption;
  return p.course == Course::valve ? SourceEnd::kill : SourceEnd::deletion;
}

SourceExit source_exit_of(const Procedure& p, const MigrationRequest& request) {
  if (p.course == Course::valve) return SourceExit::kill;  // thawed it would be a second owner
  // Its process has nothing to hand on, and no node is worked on.
  if (p.course == Course::replay) return SourceExit::graceful;
  return request.source_exit.value_or(p.course == Course::sequential ? SourceExit::graceful : SourceExit::kill);
}

}  // namespace

Procedure procedure_of(const MigrationRequest& request, const Json& pod) {
  Procedure procedure;
  procedure.strategy = strategy_of(request);
  procedure.replay = request.replay;
  procedure.protocol = request.protocol;
  procedure.checkpoint = request.checkpoint;
  procedure.pages = request.pages == Pages::automatic ? Pages::files : request.pages;  // until more is known
  procedure.workload = workload_of(pod);
  procedure.course = course_of(procedure, request);
  procedure.source_end = source_end_of(procedure);
  procedure.source_exit = source_exit_of(procedure, request);
  // A registry's layers are plain: whatever pulls them knows these (OCI image specification, media types).
  if (procedure.moves_memory() && request.carriage != Carriage::registry) procedure.compression = request.compression;
  return procedure;
}

}  // namespace ms2m
