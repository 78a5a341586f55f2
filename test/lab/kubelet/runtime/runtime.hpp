#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "runtime/container.hpp"
#include "runtime/creates.hpp"
#include "runtime/handlers.hpp"
#include "server/faults.hpp"

namespace kubelet {

// The container runtime: what CRI-O does with crun, in CRI-O's places and words.
class Runtime {
 public:
  // `limit`: how long the kubelet waits for a container to be created.
  Runtime(ImageStore& images, Cgroups& cgroups, const Faults& faults, std::chrono::milliseconds limit)
      : images_(images), cgroups_(cgroups), faults_(faults), limit_(limit) {}

  // Prepares a container and starts it; or, when the plan's image is a checkpoint, restores it. Throws ContainerError.
  // `on_created` is called when it exists and only its start is to come.
  std::shared_ptr<Container> run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                 std::function<void()> on_exit);

  // As `systemctl restart crio`: its settings are read anew; containers go on.
  void restart();

  // Runs a command inside; the exit code or -1.
  ProcessResult exec(const Container& container, const std::vector<std::string>& argv,
                     std::chrono::milliseconds timeout) const;

  // Removes what an earlier kubelet left behind.
  void clean_up();

  Cgroups& cgroups() { return cgroups_; }
  Handlers& handlers() { return handlers_; }
  Creates& creates() { return creates_; }
  const ImageStore& images() const { return images_; }
  static bool is_checkpoint(const Image& image);

 private:
  std::shared_ptr<Container> start(const ContainerPlan& plan, const std::function<void()>& on_created,
                                   std::function<void()> on_exit);
  std::shared_ptr<Container> restore(const ContainerPlan& plan, const std::function<void()>& on_created,
                                     std::function<void()> on_exit);
  std::shared_ptr<Container> make(const ContainerPlan& plan, const Image& base) const;
  SpecPlace place_of(const Container& container) const;
  void begin(const Container& container) const;
  static int pid_of(const Container& container);
  void limit(const Container& container, int pid) const;

  ImageStore& images_;
  Cgroups& cgroups_;
  const Faults& faults_;
  const std::chrono::milliseconds limit_;
  Handlers handlers_;
  Creates creates_;
};

}  // namespace kubelet
