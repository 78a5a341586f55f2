// A consumer on worker-1 that is to go to worker-2, all of it fakes.
#pragma once
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "ms2m/migrator.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"

namespace ms2m::test {

/// Gathers what is warned of.
class Warnings final : public Observer {
 public:
  void on(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (event.type == Event::Type::warning) all_.push_back(event.text);
  }
  std::vector<std::string> about(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    std::copy_if(all_.begin(), all_.end(), std::back_inserter(found),
                 [&](const std::string& each) { return each.find(text) != std::string::npos; });
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

/// Journals go into a directory of its own.
struct OnFakes {
  explicit OnFakes(Strategy strategy = Strategy::handoff) {
    std::string name = "/tmp/ms2m-on-fakes-XXXXXX";
    root = ::mkdtemp(name.data());
    constexpr const char* kQueue = "app.events";
    ConsumerOptions options;
    options.stream = strategy == Strategy::replay;
    server.declare(kQueue, options.stream ? "stream" : "classic");
    if (options.stream) server.publish(kQueue, "w0");  // there must be a state
    nodes.start_pod("consumer-0", kQueue, "", options);
    request.ns = "default";
    request.pod = "consumer-0";
    request.target_node = "worker-2";
    request.queue = kQueue;
    request.strategy = strategy;
  }
  ~OnFakes() { std::filesystem::remove_all(root); }
  OnFakes(const OnFakes&) = delete;
  OnFakes& operator=(const OnFakes&) = delete;

  /// What is asked for, by a migrator of its own.
  void move() {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), warnings).migrate(request, {}, {});
  }

  FakeServer server;
  FakeNodes nodes{server};
  std::filesystem::path root;
  MigrationRequest request;
  Warnings warnings;
  Outcome outcome;
};

}  // namespace ms2m::test
