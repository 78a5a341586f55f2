#pragma once
#include <functional>
#include <string>
#include <thread>

#include "containerd/sandbox.hpp"
#include "runtime/container.hpp"

namespace kubelet {

// A container of the CRI plugin's.
class ContainerdContainer : public Container {
 public:
  ContainerdContainer(ContainerPlan plan, std::string id, const CriClient& cri)
      : Container(std::move(plan), std::move(id)), cri_(cri) {}
  ~ContainerdContainer() override;

  std::string full_id() const override { return "containerd://" + id(); }
  // It has been started. `on_exit` is called from the container's own thread.
  void follow(std::function<void()> on_exit);

  void stop(const std::function<bool()>& over) override;
  void remove() noexcept override;

 private:
  Received status(bool verbose) const;
  void await_exit(const std::function<void()>& on_exit);
  void stop_within(long seconds) const;

  const CriClient& cri_;
  int pid_fd_ = -1;
  bool removed_ = false;
  std::thread thread_;
};

}  // namespace kubelet
