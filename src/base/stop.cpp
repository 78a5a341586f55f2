#include "ms2m/stop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "ms2m/error.hpp"

namespace ms2m {

struct StopSource::State {
  State() : fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~State() { ::close(fd); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const int fd;
  std::atomic<bool> stopped{false};
};

StopSource::StopSource() : state_(std::make_shared<State>()) {}
StopSource::~StopSource() = default;

void StopSource::request_stop() noexcept {
  const int saved = errno;
  state_->stopped.store(true);
  const std::uint64_t one = 1;
  // A full counter means that the descriptor is readable already.
  [[maybe_unused]] const auto written = ::write(state_->fd, &one, sizeof one);
  errno = saved;
}

bool StopSource::stop_requested() const noexcept { return state_->stopped.load(); }

StopToken StopSource::token() const {
  StopToken token;
  token.state_ = state_;
  return token;
}

bool StopToken::stop_requested() const noexcept { return state_ && state_->stopped.load(); }
int StopToken::fd() const noexcept { return state_ ? state_->fd : -1; }

StopToken StopToken::until(TimePoint deadline) const {
  StopToken token = *this;
  token.deadline_ = deadline_ ? std::min(*deadline_, deadline) : deadline;
  return token;
}

StopToken StopToken::within(Clock::duration limit) const { return until(Clock::now() + limit); }

Millis StopToken::remaining(Millis cap) const noexcept {
  if (!deadline_) return cap;
  // Rounded up, so that a wait does not spin through its last millisecond.
  const auto left = std::chrono::ceil<Millis>(*deadline_ - Clock::now());
  return std::clamp(left, Millis{0}, cap);
}

void StopToken::check(const std::string& doing) const {
  if (stop_requested()) throw Cancelled{};
  if (deadline_ && Clock::now() >= *deadline_) throw Error(ErrorKind::timeout, "timed out " + doing);
}

void StopToken::sleep(Clock::duration time, const std::string& doing) const {
  const TimePoint end = Clock::now() + time;
  check(doing);
  for (auto left = end - Clock::now(); left > Clock::duration::zero(); left = end - Clock::now()) {
    const auto slice = remaining(std::min(std::chrono::ceil<Millis>(left), Millis{60000}));
    pollfd wake{fd(), POLLIN, 0};
    ::poll(&wake, fd() >= 0 ? 1 : 0, static_cast<int>(slice.count()));
    check(doing);
  }
}

}  // namespace ms2m
