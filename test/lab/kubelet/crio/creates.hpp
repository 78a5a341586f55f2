#pragma once
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crio/container.hpp"
#include "crio/crun_call.hpp"

namespace kubelet {

// The `create`s that are under way. An OCI runtime may take its time for one, and the kubelet's patience ends before:
// then it goes on, while the kubelet asks for another one, and what it made in the end is removed.
class Creates {
 public:
  Creates() = default;
  Creates(const Creates&) = delete;
  Creates& operator=(const Creates&) = delete;

  // Returns when the container is created. Throws ContainerError: it failed, or was waited for in vain.
  void run(const std::shared_ptr<CrioContainer>& container, const std::shared_ptr<CrunCall>& call,
           std::chrono::milliseconds limit);
  // Returns when none that was given up is left of this sandbox, which is to go.
  void wait_for(const Sandbox& sandbox);
  // CRI-O is restarted: who waits is told so, the programs go on.
  void give_up();
  // Kills those that run, and those to come.
  void end();

 private:
  struct Entry {
    std::shared_ptr<CrioContainer> container;
    std::shared_ptr<CrunCall> call;
    ProcessResult result;
    int pid_fd = -1;
    bool ended = false, given_up = false;
  };
  void work(const std::shared_ptr<Entry>& entry);
  void drop(const std::shared_ptr<Entry>& entry);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Entry>> entries_;
  bool ending_ = false;
};

}  // namespace kubelet
