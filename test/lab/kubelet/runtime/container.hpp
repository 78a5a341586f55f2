#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "runtime/plan.hpp"

namespace kubelet {

struct ContainerExit {
  int code = 0;  // 128 + signal when killed by one
  bool out_of_memory = false;
  WallTime at;
};

struct User {
  unsigned uid = 0;
  unsigned gid = 0;
  std::vector<unsigned> groups;
};

// One container of the runtime. Made by Runtime. It stays there until remove().
class Container {
 public:
  virtual ~Container() = default;
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const ContainerPlan& plan() const { return plan_; }
  const std::string& id() const { return id_; }
  virtual std::string full_id() const = 0;  // with the runtime's name, as a pod's status has it
  WallTime started_at() const { return started_at_; }
  bool restored() const { return restored_; }
  const User& user() const { return user_; }
  int pid() const { return pid_; }  // of its first process; -1: it was never started

  std::optional<ContainerExit> exit() const;
  bool wait_exit(std::chrono::milliseconds timeout) const;
  // Asks it to end, and makes it as soon as `over` says so. Returns when it has ended, or does not in spite of that.
  virtual void stop(const std::function<bool()>& over) = 0;
  // Kills what is left and deletes everything of it apart from the log.
  virtual void remove() noexcept = 0;

 protected:
  Container(ContainerPlan plan, std::string id) : plan_(std::move(plan)), id_(std::move(id)) {}
  void set_started(int pid, WallTime at, bool restored);
  void set_exit(ContainerExit exit);
  User user_;

 private:
  ContainerPlan plan_;
  std::string id_;
  WallTime started_at_;
  bool restored_ = false;
  int pid_ = -1;
  mutable std::mutex mutex_;
  mutable std::condition_variable exited_;
  std::optional<ContainerExit> exit_;
};

}  // namespace kubelet
