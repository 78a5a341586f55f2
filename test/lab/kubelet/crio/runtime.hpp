#pragma once
#include <memory>
#include <string>
#include <vector>

#include "crio/container.hpp"
#include "crio/creates.hpp"
#include "crio/handlers.hpp"
#include "crio/network.hpp"
#include "crio/spec.hpp"
#include "image/store.hpp"
#include "runtime/runtime.hpp"
#include "server/faults.hpp"

namespace kubelet {

// What CRI-O does with crun, in CRI-O's places and words. A container whose image is a checkpoint is restored.
class CrioRuntime : public Runtime {
 public:
  // `limit`: how long the kubelet waits for a container to be created.
  CrioRuntime(const std::string& node_ip, const std::string& pod_cidr, Cgroups& cgroups, const Faults& faults,
              std::chrono::milliseconds limit)
      : node_ip_(node_ip), network_(pod_cidr), cgroups_(cgroups), faults_(faults), limit_(limit) {}

  std::string version() const override { return "cri-o://1.36.3"; }
  std::unique_ptr<Sandbox> make_sandbox(const Json& pod, const std::string& qos, const std::string& handler) override;
  std::shared_ptr<Container> run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                 std::function<void()> on_exit) override;
  void wait_for_creates(const Sandbox& sandbox) override { creates_.wait_for(sandbox); }
  void end_creates() override { creates_.end(); }
  ProcessResult exec(const Container& container, const std::vector<std::string>& argv,
                     std::chrono::milliseconds timeout) const override;
  // Goes on when the kubelet has given it up.
  void checkpoint(Container& container, const std::filesystem::path& target, std::chrono::milliseconds) override;
  std::optional<Image> find_image(const ImageName& name) const override { return images_.by_name(name); }
  std::optional<PullError> pull(const ImageName& name, const std::string& as_written) override {
    return pull_image(name, as_written);
  }
  Json image_summary() const override { return images_.summary(); }
  void restart() override;
  void clean_up() override;

 private:
  std::shared_ptr<Container> start(const ContainerPlan& plan, const std::function<void()>& on_created,
                                   std::function<void()> on_exit);
  std::shared_ptr<Container> restore(const ContainerPlan& plan, const std::function<void()>& on_created,
                                     std::function<void()> on_exit);
  std::shared_ptr<CrioContainer> make(const ContainerPlan& plan, const Image& base) const;
  SpecPlace place_of(const CrioContainer& container) const;
  void begin(const CrioContainer& container) const;
  static int pid_of(const CrioContainer& container);
  void limit(const CrioContainer& container, int pid) const;

  const std::string node_ip_;
  Network network_;
  ImageStore images_;
  Cgroups& cgroups_;
  const Faults& faults_;
  const std::chrono::milliseconds limit_;
  Handlers handlers_;
  Creates creates_;
};

}  // namespace kubelet
