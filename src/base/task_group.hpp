// Work that waits for others, done side by side.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace ms2m {

/// Runs tasks on threads of its own, at most `width` at a time, in the order of start(). A task ends in time by the
/// StopToken that it was given; one that must come after another is started by that one, never waited for in a task.
/// Thread rule: start() from any thread, also from a task; wait() from the one that owns the group.
class TaskGroup {
 public:
  explicit TaskGroup(std::size_t width) : width_(width) {}
  /// Waits for every task; what they have thrown is lost unless wait() was called.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void start(std::function<void()> task);
  /// Returns when every task has ended; throws what the one that failed first has thrown. More may be started after it.
  void wait();

 private:
  void work();
  void settle();

  const std::size_t width_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> waiting_;  // guarded by mutex_, as all below
  std::vector<std::thread> threads_;
  std::size_t unfinished_ = 0, idle_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
};

}  // namespace ms2m
