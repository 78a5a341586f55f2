#include "base/task_group.hpp"

#include <utility>

namespace ms2m {

TaskGroup::~TaskGroup() {
  settle();
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskGroup::start(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= idle_ && threads_.size() < width_) threads_.emplace_back([this] { work(); });
    waiting_.push(std::move(task));
    ++unfinished_;
  }
  changed_.notify_all();
}

void TaskGroup::wait() {
  settle();
  const std::lock_guard lock(mutex_);
  if (const std::exception_ptr failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

void TaskGroup::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_ == 0; });
}

void TaskGroup::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::exception_ptr failure;
    {
      const std::function<void()> task = std::move(waiting_.front());
      waiting_.pop();
      lock.unlock();
      try {
        task();
      } catch (...) {
        failure = std::current_exception();
      }
    }
    lock.lock();
    if (failure && !failure_) failure_ = std::move(failure);
    --unfinished_;
    changed_.notify_all();
  }
}

}  // namespace ms2m
