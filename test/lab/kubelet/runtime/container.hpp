#pragma once
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "runtime/plan.hpp"
#include "runtime/spec.hpp"

namespace kubelet {

struct ContainerExit {
  int code = 0;  // 128 + signal when killed by one
  bool out_of_memory = false;
  WallTime at;
};

// One container of the runtime: a bundle, a writable layer, and (after start or restore) a process with its log.
// Made by Runtime. It stays on disk until remove().
class Container {
 public:
  Container(ContainerPlan plan, std::string id, std::filesystem::path storage, Cgroups& cgroups);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const ContainerPlan& plan() const { return plan_; }
  const std::string& id() const { return id_; }
  const std::string& cgroup() const { return cgroup_; }
  const OciRuntime& oci() const { return oci_; }
  // Where CRI-O has these: .../overlay-containers/<id>/userdata below the storage and below its run directory.
  std::filesystem::path user_data() const { return base_ / "userdata"; }
  std::filesystem::path bundle() const;
  std::filesystem::path upper() const { return base_ / "diff"; }
  std::filesystem::path rootfs() const { return base_ / "merged"; }
  WallTime created_at() const { return created_at_; }
  WallTime started_at() const { return started_at_; }
  bool restored() const { return restored_; }
  const User& user() const { return user_; }

  // For Runtime.
  void make_rootfs(const std::string& lower_dirs);
  void set_user(User user) { user_ = std::move(user); }
  struct Pipes {
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
  };
  // Takes the read ends; `on_exit` is called from the container's own thread.
  void attach(int pid, Pipes& pipes, bool restored, std::function<void()> on_exit);

  int pid() const { return pid_; }
  bool signal(int number) const;  // to its first process
  std::optional<ContainerExit> exit() const;
  bool wait_exit(std::chrono::milliseconds timeout) const;
  // Kills what is left, unmounts and deletes everything of it apart from the log.
  void remove() noexcept;

  std::mutex& checkpoint_mutex() { return checkpoint_mutex_; }

 private:
  void follow(Pipes pipes, int pid_fd, std::function<void()> on_exit);

  ContainerPlan plan_;
  std::string id_;
  std::string cgroup_;
  std::filesystem::path base_;
  Cgroups& cgroups_;
  OciRuntime oci_;
  WallTime created_at_, started_at_;
  bool restored_ = false;
  User user_;
  int pid_ = -1;
  int pid_fd_ = -1;
  mutable std::mutex mutex_;
  mutable std::condition_variable exited_;
  std::optional<ContainerExit> exit_;
  std::mutex checkpoint_mutex_;
  std::thread thread_;
};

}  // namespace kubelet
