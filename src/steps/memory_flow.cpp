#include "steps/memory_flow.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {

MemoryFlow::MemoryFlow(Carrier& carrier, PagesRequest request, ProgressFn progress, Dials& dials, Millis limit)
    : carrier_(carrier), request_(std::move(request)), progress_(std::move(progress)), dials_(dials), limit_(limit) {}

MemoryFlow::~MemoryFlow() {
  end_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void MemoryFlow::run(const std::function<void()>& begin) noexcept {
  std::exception_ptr failure;
  Bytes come;
  try {
    come = carrier_.bring_pages(
        request_,
        [&] {
          begin();
          begun_.request_stop();
        },
        progress_, end_.token().within(limit_));
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    come_ = come;
    ended_ = Clock::now();
  }
  if (failure) failed_.request_stop();
  over_.request_stop();
  begun_.request_stop();
  dials_.close_bandwidth("too late: the memory has been carried");
}

void MemoryFlow::await(const StopSource& event, const StopToken& stop, const char* doing) const {
  std::array<pollfd, 2> fds{pollfd{event.token().fd(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  while (!event.stop_requested()) {
    const int left = stop.deadline() ? static_cast<int>(stop.remaining(Millis{1 << 30}).count()) : -1;
    ::poll(fds.data(), fds.size(), left);
    if (!event.stop_requested()) stop.check(doing);
  }
}

void MemoryFlow::let_begin(const std::function<void()>& begin, const StopToken& stop) {
  thread_ = std::thread([this, &begin] { run(begin); });
  try {
    await(begun_, stop, "waiting for the restore to begin");
  } catch (...) {
    end_.request_stop();
    thread_.join();  // `begin` is the caller's
    throw;
  }
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void MemoryFlow::check() const {
  const std::lock_guard lock(mutex_);
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::unavailable,
                fmt::format("the memory of the copy on {} did not all come: {}", request_.to_node, error.what()));
  }
}

Bytes MemoryFlow::wait(const StopToken& stop) const {
  await(over_, stop, "waiting for the last of the copy's memory");
  check();
  const std::lock_guard lock(mutex_);
  return come_;
}

void MemoryFlow::await_end() const noexcept {
  try {
    wait(StopToken());
  } catch (const std::exception&) {  // what has become of the copy its node says
  }
}

std::optional<TimePoint> MemoryFlow::ended() const {
  const std::lock_guard lock(mutex_);
  return failure_ ? std::nullopt : ended_;
}

}  // namespace ms2m
