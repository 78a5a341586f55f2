#pragma once
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "crio/sandbox.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/container.hpp"

namespace kubelet {

// A bundle, a writable layer, and (after start or restore) a process with its log.
class CrioContainer : public Container {
 public:
  CrioContainer(ContainerPlan plan, std::string id, std::filesystem::path storage, Cgroups& cgroups);
  ~CrioContainer() override;

  std::string full_id() const override { return "cri-o://" + id(); }
  const CrioSandbox& sandbox() const { return sandbox_; }
  const std::string& cgroup() const { return cgroup_; }
  const OciRuntime& oci() const { return oci_; }
  // Where CRI-O has these: .../overlay-containers/<id>/userdata below the storage and below its run directory.
  std::filesystem::path user_data() const { return base_ / "userdata"; }
  std::filesystem::path bundle() const;
  std::filesystem::path upper() const { return base_ / "diff"; }
  std::filesystem::path rootfs() const { return base_ / "merged"; }
  WallTime created_at() const { return created_at_; }

  // For CrioRuntime.
  void make_rootfs(const std::string& lower_dirs);
  void set_user(User user) { user_ = std::move(user); }
  struct Pipes {
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
  };
  // Takes the read ends; `on_exit` is called from the container's own thread.
  void attach(int pid, Pipes& pipes, bool restored, std::function<void()> on_exit);

  void stop(const std::function<bool()>& over) override;
  void remove() noexcept override;

  std::mutex& checkpoint_mutex() { return checkpoint_mutex_; }

 private:
  bool signal(int number) const;  // to its first process
  void follow(Pipes pipes, int pid_fd, std::function<void()> on_exit);

  const CrioSandbox& sandbox_;  // goes before some of those who look at the container
  const OciRuntime oci_;
  std::string cgroup_;
  std::filesystem::path base_;
  Cgroups& cgroups_;
  WallTime created_at_;
  int pid_fd_ = -1;
  std::mutex checkpoint_mutex_;
  std::thread thread_;
};

}  // namespace kubelet
