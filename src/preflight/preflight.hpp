// The preflight: facts in, findings out. Pure: the same facts give the same findings, for `check`, `plan` and
// `migrate`.
#pragma once
#include <vector>

#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// Every check with its level; refusals name cause and cure. What could not be asked comes last, and the checks that
/// need it are left out.
std::vector<Finding> preflight(const Facts& facts, const MigrationRequest& request);

/// Parts of it, by subject.
void check_pod(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
/// Of one that begins from its own image (pod.cpp); which volumes it can have is in volumes.cpp.
void check_fresh_pod(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
void check_fresh_volumes(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
/// The stream, and what its consumer says of itself (stream.cpp).
void check_stream(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
void check_sequential(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
void check_volumes(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
void check_broker(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);
/// What the broker's user may not do (broker_rights.cpp). `queue`: the request's.
void check_broker_rights(const MissingBrokerRights& missing, const std::string& queue, std::vector<Finding>& out);
/// Other queues that the process takes messages from (other_queues.cpp). `queue`: the facts of the request's.
void check_other_queues(const QueueFacts& queue, const Json& pod, const MigrationRequest& request,
                        std::vector<Finding>& out);
/// Whether the queue serves one consumer at a time, and the next one when that leaves (broker.cpp).
bool is_single_active(const QueueFacts& queue);
/// A policy's definition, of those that act on ms2m's own queues.
void check_policy(const Json& definition, const Procedure& procedure, std::vector<Finding>& out);
/// One consumer of the queue.
void check_consumer(const QueueConsumer& consumer, const std::string& queue, std::vector<Finding>& out);

/// The process's environment, its runtime class and devices (environment.cpp).
void check_environment_and_devices(const Facts& facts, std::vector<Finding>& out);

/// Who changes the number of the owner's pods (scaling.cpp).
void check_scaling(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// What checkpoints and restores on both nodes (tools.cpp).
void check_tools(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// ms2m's own runtime handler on both nodes: how it is, and what changes that (handler.cpp).
void check_handler(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// Whether the copy's memory can come from the source's (pages.cpp).
void check_pages(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// What the container's processes have open and CRIU cannot carry along (descriptors.cpp).
void check_descriptors(const Facts& facts, std::vector<Finding>& out);

/// How the source's process ends (source_exit.cpp).
void check_source_exit(const Facts& facts, std::vector<Finding>& out);

/// Adds a finding of level refusal.
void refuse(std::vector<Finding>& out, const char* check, std::string text, std::string cure);

/// How long the source stands still, and what that does to its probes and its connection (freeze.cpp).
void check_freezes(const Facts& facts, std::vector<Finding>& out);

/// Whether the nodes reach each other where the checkpoint is to go from one to the other (way.cpp).
void check_way(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// Whether both nodes can use the registry where the checkpoint is to go through one (registry.cpp).
void check_registry(const Facts& facts, std::vector<Finding>& out);

/// In which way it becomes quiet, and what speaks against that (quieting.cpp).
void check_quieting(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// Whether the checkpoint arrives in time at the bandwidth that is allowed (bandwidth.cpp).
void check_bandwidth(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

/// What `--protocol none` asks for besides (valve.cpp).
void check_behind_valve(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out);

}  // namespace ms2m
