#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "runtime/container.hpp"
#include "server/faults.hpp"

namespace kubelet {

// The container runtime: what CRI-O does with crun, in CRI-O's places and words.
class Runtime {
 public:
  Runtime(ImageStore& images, Cgroups& cgroups, const Faults& faults)
      : images_(images), cgroups_(cgroups), faults_(faults) {}

  // Prepares a container and starts it; or, when the plan's image is a checkpoint, restores it. Throws ContainerError.
  // `on_created` is called when it exists and only its start is to come.
  std::shared_ptr<Container> run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                 std::function<void()> on_exit);

  // Runs a command inside; the exit code or -1.
  ProcessResult exec(const Container& container, const std::vector<std::string>& argv,
                     std::chrono::milliseconds timeout) const;

  // Removes what an earlier kubelet left behind.
  void clean_up();

  Cgroups& cgroups() { return cgroups_; }
  const ImageStore& images() const { return images_; }
  static bool is_checkpoint(const Image& image);

 private:
  std::shared_ptr<Container> start(const ContainerPlan& plan, const std::function<void()>& on_created,
                                   std::function<void()> on_exit);
  std::shared_ptr<Container> restore(const ContainerPlan& plan, const std::function<void()>& on_created,
                                     std::function<void()> on_exit);
  std::shared_ptr<Container> make(const ContainerPlan& plan, const Image& base) const;
  SpecPlace place_of(const Container& container) const;
  void limit(const Container& container, int pid) const;

  ImageStore& images_;
  Cgroups& cgroups_;
  const Faults& faults_;
};

// Runs crun with the container's future standard streams; what it says itself is in the error.
class CrunCall {
 public:
  CrunCall();
  ~CrunCall();
  CrunCall(const CrunCall&) = delete;
  CrunCall& operator=(const CrunCall&) = delete;
  // Throws ContainerError(reason, before + crun's words + after) when it fails; returns the pid from `pid_file`.
  int run(std::vector<std::string> arguments, const std::filesystem::path& pid_file, const std::string& reason,
          const std::string& before);
  Container::Pipes& pipes() { return pipes_; }

 private:
  std::string drain();
  Container::Pipes pipes_;
};

}  // namespace kubelet
