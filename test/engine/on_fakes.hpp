// A consumer on worker-1 that is to go to worker-2, all of it fakes.
#pragma once
#include <filesystem>
#include <string>

#include "ms2m/migrator.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"

namespace ms2m::test {

class Silent final : public Observer {
 public:
  void on(const Event&) noexcept override {}
};

/// Journals go into a directory of its own.
struct OnFakes {
  OnFakes() {
    std::string name = "/tmp/ms2m-on-fakes-XXXXXX";
    root = ::mkdtemp(name.data());
    constexpr const char* kQueue = "app.events";
    server.declare(kQueue);
    nodes.start_pod("consumer-0", kQueue, "");
    request.ns = "default";
    request.pod = "consumer-0";
    request.target_node = "worker-2";
    request.queue = kQueue;
    request.strategy = Strategy::handoff;
  }
  ~OnFakes() { std::filesystem::remove_all(root); }
  OnFakes(const OnFakes&) = delete;
  OnFakes& operator=(const OnFakes&) = delete;

  /// What is asked for, by a migrator of its own.
  void move() {
    Silent silent;
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), silent).migrate(request, {}, {});
  }

  FakeServer server;
  FakeNodes nodes{server};
  std::filesystem::path root;
  MigrationRequest request;
  Outcome outcome;
};

}  // namespace ms2m::test
