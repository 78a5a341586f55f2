#include "node/session/call.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

#include "node/protocol/wire_error.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kGivingUp{2};
constexpr Millis kLongest{60000};

bool is_last(const Frame& frame) { return frame.kind == FrameKind::answer || frame.kind == FrameKind::error; }

}  // namespace

Call::Call(std::uint32_t channel, std::string doing, Send send)
    : channel_(channel),
      doing_(std::move(doing)),
      send_(std::move(send)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) posix::throw_errno("eventfd");
}

Call::~Call() {
  const std::lock_guard lock(mutex_);
  if (!answered_ && !cause_ && !given_up_) send_(encode_frame(FrameKind::cancel, channel_), {});
}

Frame Call::next(const StopToken& stop) {
  for (;; wait(stop))
    if (auto frame = try_next(stop)) return std::move(*frame);
}

std::optional<Frame> Call::try_next(const StopToken& stop) {
  auto frame = pop();
  if (frame && frame->kind == FrameKind::error) throw_told(frame->payload, stop);
  if (!frame) check(stop);
  return frame;
}

void Call::wait_for_either(const Call& one, const Call& other, const StopToken& stop) {
  std::array<pollfd, 3> fds{{{one.wake_.get(), POLLIN, 0}, {other.wake_.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(kLongest).count()));
  one.drain();
  other.drain();
}

/// What the program gave up without being told to was ended by its session's end there, which is no interruption here.
void Call::throw_told(const std::string& error, const StopToken& stop) const {
  try {
    throw_error(error);
  } catch (const Cancelled&) {
    stop.check(doing_);
    throw Error(ErrorKind::unavailable, doing_ + ": the session ended on the node before that was done");
  }
}

std::string Call::answer(const StopToken& stop) {
  Frame frame = next(stop);
  if (frame.kind != FrameKind::answer)
    throw Error(ErrorKind::protocol, doing_ + ": a stream came where none was asked for");
  return std::move(frame.payload);
}

void Call::grant(std::uint32_t bytes) { send_(encode_credit(channel_, bytes), {}); }

bool Call::send(std::string data, const StopToken& stop) {
  check(stop);
  for (;; wait(stop)) {
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return false;
      if (credit_ >= data.size()) {
        credit_ -= data.size();
        break;
      }
    }
    check(stop);
  }
  std::string head = encode_head(FrameKind::data, channel_, data.size());
  send_(std::move(head), std::move(data));
  return true;
}

void Call::end(std::string_view json) { send_(encode_frame(FrameKind::end, channel_, json), {}); }

void Call::take(Frame frame) {
  {
    const std::lock_guard lock(mutex_);
    if (frame.kind == FrameKind::credit) {
      credit_ += credit_of(frame);
    } else {
      answered_ |= is_last(frame);
      inbox_.push_back(std::move(frame));
    }
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void Call::fail(const Error& cause) {
  {
    const std::lock_guard lock(mutex_);
    cause_ = cause;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::optional<Frame> Call::pop() {
  const std::lock_guard lock(mutex_);
  if (inbox_.empty()) return std::nullopt;
  Frame frame = std::move(inbox_.front());
  inbox_.pop_front();
  return frame;
}

void Call::check(const StopToken& stop) {
  {
    const std::lock_guard lock(mutex_);
    if (cause_) throw Error(*cause_);
  }
  const bool over = stop.stop_requested() || stop.remaining(Millis{1}).count() == 0;
  if (over) give_up();
  stop.check(doing_);
}

/// What the program has begun is over when its answer has come: only then may the caller look at what there is.
void Call::give_up() {
  given_up_ = true;
  send_(encode_frame(FrameKind::cancel, channel_), {});
  const StopToken limit = StopToken().within(kGivingUp);
  for (;; wait(limit)) {
    const std::lock_guard lock(mutex_);
    inbox_.clear();
    if (answered_ || cause_ || limit.remaining(Millis{1}).count() == 0) break;
  }
}

void Call::wait(const StopToken& stop) const {
  std::array<pollfd, 2> fds{{{wake_.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(kLongest).count()));
  drain();
}

void Call::drain() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
}

}  // namespace ms2m::node
