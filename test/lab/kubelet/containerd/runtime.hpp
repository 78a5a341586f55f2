#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cri/client.hpp"
#include "runtime/runtime.hpp"
#include "server/faults.hpp"

namespace kubelet {

// A real containerd with its CRI plugin, its shim and runc: it is only asked, as the kubelet asks it.
class ContainerdRuntime : public Runtime {
 public:
  // Blocks until it answers. `limit`: how long the kubelet waits for a container to be started.
  ContainerdRuntime(const std::string& node_ip, Cgroups& cgroups, const Faults& faults,
                    std::chrono::milliseconds limit);

  std::string version() const override { return version_; }
  std::unique_ptr<Sandbox> make_sandbox(const Json& pod, const std::string& qos, const std::string& handler) override;
  std::shared_ptr<Container> run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                 std::function<void()> on_exit) override;
  ProcessResult exec(const Container& container, const std::vector<std::string>& argv,
                     std::chrono::milliseconds timeout) const override;
  void checkpoint(Container& container, const std::filesystem::path& target, std::chrono::milliseconds limit) override;
  std::optional<Image> find_image(const ImageName& name) const override;
  std::optional<PullError> pull(const ImageName& name, const std::string& as_written) override;
  Json image_summary() const override;
  void restart() override {}  // it is a process of its own
  void clean_up() override;

 private:
  const CriClient cri_{"/run/containerd/containerd.sock"};
  const std::string node_ip_;
  Cgroups& cgroups_;
  const Faults& faults_;
  const std::chrono::milliseconds limit_;
  std::string version_;
};

}  // namespace kubelet
