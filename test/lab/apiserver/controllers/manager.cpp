#include "controllers/manager.hpp"

#include "controllers/budget.hpp"
#include "controllers/daemonset.hpp"
#include "controllers/deployment.hpp"
#include "controllers/endpoints.hpp"
#include "controllers/garbage.hpp"
#include "controllers/namespaces.hpp"
#include "controllers/nodes.hpp"
#include "controllers/replicaset.hpp"
#include "controllers/scheduler.hpp"
#include "controllers/statefulset.hpp"
#include "controllers/volumes.hpp"

namespace ms2m::lab {

ControllerManager::ControllerManager(Store& store) : store_(store) {
  controllers_.push_back(std::make_unique<GarbageCollector>(store));
  controllers_.push_back(std::make_unique<NamespaceController>(store));
  controllers_.push_back(std::make_unique<DeploymentController>(store));
  controllers_.push_back(std::make_unique<ReplicaSetController>(store));
  controllers_.push_back(std::make_unique<StatefulSetController>(store));
  controllers_.push_back(std::make_unique<DaemonSetController>(store));
  controllers_.push_back(std::make_unique<VolumeController>(store));
  controllers_.push_back(std::make_unique<Scheduler>(store));
  controllers_.push_back(std::make_unique<EndpointController>(store));
  controllers_.push_back(std::make_unique<NodeController>(store));
  controllers_.push_back(std::make_unique<BudgetController>(store));
}

ControllerManager::~ControllerManager() {
  store_.stop_waiting();
  if (thread_.joinable()) thread_.join();
}

void ControllerManager::start() {
  thread_ = std::thread([this] { run(); });
}

void ControllerManager::observe_everything() {
  for (const ResourceType& type : resource_types())
    for (const ObjectPtr& object : store_.list(type).items)
      for (const auto& controller : controllers_) controller->observe({0, EventType::kAdded, &type, object, nullptr});
}

void ControllerManager::run() {
  std::uint64_t position = store_.revision();
  observe_everything();
  while (!store_.stopping()) {
    auto deadline = Clock::now() + std::chrono::seconds(1);
    for (const auto& controller : controllers_)
      if (const auto due = controller->next_due()) deadline = std::min(deadline, *due);
    const auto events = store_.events_after(position, deadline);
    if (!events) {  // the past was forgotten: begin again
      position = store_.revision();
      observe_everything();
      continue;
    }
    for (const Event& event : *events) {
      for (const auto& controller : controllers_) controller->observe(event);
      position = event.revision;
    }
    for (const auto& controller : controllers_) controller->run_due(Clock::now());
  }
}

}  // namespace ms2m::lab
