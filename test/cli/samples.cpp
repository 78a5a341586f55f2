#include "samples.hpp"

namespace ms2m::test {

namespace {

Outcome from_worker_1() {
  Outcome outcome;
  outcome.id = "m7k2q9";
  outcome.strategy = "shadow";
  outcome.ns = "default";
  outcome.source_pod = "consumer-0";
  outcome.source_node = "worker-1";
  outcome.target_pod = "consumer-0-m7k2q9";
  outcome.target_node = "worker-2";
  outcome.queue = "app.events";
  return outcome;
}

}  // namespace

Outcome shadow_outcome() {
  Outcome outcome = from_worker_1();
  outcome.serving = {ServedBy::target, "default", "consumer-0-m7k2q9", "worker-2", true};
  outcome.phases = {{Phase::checkpointing, Seconds(0.478), "source quiet after 41ms, kubelet checkpoint 290ms"},
                    {Phase::transferring, Seconds(0.611), "ssh, relayed"},
                    {Phase::restoring, Seconds(0.9), "warm pod, CRIU restore"},
                    {Phase::replaying, Seconds(0.2004), "12 messages | all exact"},
                    {Phase::finalizing, Seconds(0.0006), ""}};
  outcome.measures.total = Seconds(2.19);
  outcome.measures.served = Seconds(2.18);
  outcome.measures.source_pause = Seconds(0.21);
  outcome.measures.gap = Seconds(0.24);
  outcome.measures.reconnect = Seconds(0.05);
  outcome.measures.pauses = {{"checkpoint on worker-1", Seconds(0.21)},
                             {"hand-over to pod consumer-0-m7k2q9 on worker-2", Seconds(0.24)}};
  outcome.measures.critical_path = {
      {WaitFor::api_server, "create pod default/consumer-0-m7k2q9", Phase::preparing, Seconds(0.03)},
      {WaitFor::kubelet, "checkpoint of consumer-0", Phase::checkpointing, Seconds(0.448)},
      {WaitFor::network, "archive to worker-2", Phase::transferring, Seconds(0.611)},
      {WaitFor::pod_start, "the copy to run", Phase::restoring, Seconds(0.9)},
      {WaitFor::broker, "pivot", Phase::replaying, Seconds(0.0504)},
      {WaitFor::consumer, "the target to consume", Phase::replaying, Seconds(0.1506)}};
  outcome.wall = Seconds(3.4);
  outcome.outside = {{"finding pod and broker", Seconds(0.1)},
                     {"preflight", Seconds(1.01)},
                     {"closing the connections", Seconds(0.1)}};
  outcome.nodes = NodeUsage{23, Seconds(0.2)};
  outcome.measures.bytes = Bytes{20230144};
  outcome.measures.travelled = Bytes{7340032};
  outcome.measures.precopied = Bytes{41230336};
  outcome.measures.precopy_travelled = Bytes{16777216};
  outcome.measures.pages = CarriedPages{10060, 412};
  outcome.measures.carriage = Carriage::direct;
  outcome.measures.held = 3;
  outcome.measures.relayed = 19;
  outcome.measures.returned = 1;
  outcome.measures.arrival_rate = 9.96;
  outcome.measures.service_rate = 19.8;
  outcome.measures.dead_man_margin = Seconds(10.1);
  return outcome;
}

Outcome undone_outcome() {
  Outcome outcome = from_worker_1();
  outcome.result = Result::undone;
  outcome.failed_phase = Phase::restoring;
  outcome.error = "pod default/consumer-0-m7k2q9: RunContainerError: CRIU: \x1b[31mmnt: No mapping\nfor 228";
  outcome.remedy = "look at `journalctl -u crio` on worker-2";
  outcome.serving = {ServedBy::source, "default", "consumer-0", "worker-1"};
  outcome.undone = {"END_REPLAY to ms2m.control.consumer-0", "delete pod default/consumer-0-m7k2q9",
                    "delete queue ms2m.m7k2q9.hold"};
  outcome.phases = {{Phase::checkpointing, Seconds(0.5), ""}};
  outcome.measures.total = Seconds(4);
  return outcome;
}

Outcome leftover_outcome() {
  Outcome outcome = undone_outcome();
  outcome.result = Result::leftovers;
  outcome.interrupted = true;
  outcome.error.clear();
  outcome.remedy.clear();
  outcome.resumable = true;
  outcome.leftovers = {{"checkpoint archive /var/lib/kubelet/checkpoints/c.tar on worker-1",
                        "ssh worker-1 rm /var/lib/kubelet/checkpoints/c.tar"},
                       {"queue ms2m.m7k2q9.hold", ""}};
  return outcome;
}

Plan deployment_plan() {
  Plan plan;
  plan.id = "m7k2q9";
  plan.procedure.workload = Workload::replica_set;
  plan.owner = "consumer-5d4f";
  plan.ns = "default";
  plan.source_pod = "consumer-5d4f-abcde";
  plan.source_node = "worker-1";
  plan.target_pod = "consumer-5d4f-m7k2q9";
  plan.target_node = "worker-2";
  plan.container = "app";
  plan.queue = "app.events";
  plan.image = "localhost/ms2m/consumer-5d4f-abcde:m7k2q9";
  plan.target_spec = {{"kind", "Pod"}};
  plan.diff = {"-  nodeName: worker-1", "+  nodeName: worker-2"};
  plan.findings = {
      {"target-node", Level::ok, "worker-2 is Ready and schedulable", ""},
      {"init-containers", Level::warning, "1 init container is dropped: it has done its work", "none needed"},
      {"rights", Level::refusal, "may not create nodes/proxy", "kubectl apply -f examples/rbac.yaml"}};
  plan.steps = {{Phase::preparing, "declare queue ms2m.m7k2q9.hold", "delete queue ms2m.m7k2q9.hold"},
                {Phase::finalizing, "delete pod default/consumer-5d4f-abcde", ""}};
  plan.predicted = {
      {Phase::checkpointing, Seconds(0.3), "typical figures", Seconds(0.2), Seconds(0.6)},
      {Phase::transferring, Seconds(1.2), "3 earlier moves from worker-1 to worker-2", Seconds(0.9), Seconds(1.6)}};
  plan.notes = {"side effects happen twice while the copy catches up unless the app mutes them"};
  return plan;
}

MigrationRequest shadow_request() {
  MigrationRequest request;
  request.ns = "default";
  request.pod = "consumer-5d4f-abcde";
  request.target_node = "worker-2";
  return request;
}

}  // namespace ms2m::test
