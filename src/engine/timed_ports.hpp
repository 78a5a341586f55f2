// The ports of a process, each call of which tells the main line what is waited for. Nothing else is different: what
// goes in and comes out, and from which thread, is as the port has it.
#pragma once
#include <memory>

#include "base/main_line.hpp"
#include "engine/depth_log.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m {

std::unique_ptr<Cluster> timed(Cluster& cluster, MainLine& line);
/// And what it hands out.
std::unique_ptr<Broker> timed(Broker& broker, MainLine& line, DepthLog& depths);
std::unique_ptr<BrokerAdmin> timed(BrokerAdmin& admin, MainLine& line);
std::unique_ptr<Nodes> timed(Nodes& nodes, MainLine& line);
std::unique_ptr<NodeInspector> timed(NodeInspector& inspector, MainLine& line);
std::unique_ptr<CheckpointArchives> timed(CheckpointArchives& archives, MainLine& line);
std::unique_ptr<Carrier> timed(Carrier& carrier, MainLine& line);
std::unique_ptr<ImageStore> timed(ImageStore& images, MainLine& line);
std::unique_ptr<ContainerProcess> timed(ContainerProcess& processes, MainLine& line);
std::unique_ptr<NodeRestores> timed(NodeRestores& restores, MainLine& line);
std::unique_ptr<RuntimeCheckpoints> timed(RuntimeCheckpoints& dumps, MainLine& line);
std::unique_ptr<Registry> timed(Registry& registry, MainLine& line);

/// All of them. The ports that it is made of outlive it.
class TimedPorts {
 public:
  explicit TimedPorts(const Migrator::Ports& ports)
      : cluster_(timed(ports.cluster, line)),
        broker_(timed(ports.broker, line, depths)),
        admin_(timed(ports.admin, line)),
        nodes_(timed(ports.nodes, line)),
        inspector_(timed(ports.inspector, line)),
        archives_(timed(ports.archives, line)),
        carrier_(timed(ports.carrier, line)),
        images_(timed(ports.images, line)),
        processes_(timed(ports.processes, line)),
        restores_(timed(ports.restores, line)),
        dumps_(timed(ports.dumps, line)),
        registry_(timed(ports.registry, line)),
        offsets_(ports.offsets) {}
  TimedPorts(const TimedPorts&) = delete;
  TimedPorts& operator=(const TimedPorts&) = delete;

  MainLine line;
  DepthLog depths;
  Migrator::Ports all() const {
    return {*cluster_, *broker_,    *admin_,    *nodes_, *inspector_, *archives_, *carrier_,
            *images_,  *processes_, *restores_, *dumps_, *registry_,  offsets_};
  }

 private:
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<BrokerAdmin> admin_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<NodeInspector> inspector_;
  std::unique_ptr<CheckpointArchives> archives_;
  std::unique_ptr<Carrier> carrier_;
  std::unique_ptr<ImageStore> images_;
  std::unique_ptr<ContainerProcess> processes_;
  std::unique_ptr<NodeRestores> restores_;
  std::unique_ptr<RuntimeCheckpoints> dumps_;
  std::unique_ptr<Registry> registry_;
  OffsetCommand* const offsets_;  // the step that asks says what it waits for
};

}  // namespace ms2m
