#include "node/session/outgoing.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "node/protocol/frame.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

/// The end of a stream stays behind its data.
bool belongs_to_a_stream(const std::string& frame) {
  constexpr std::size_t kKind = 4;
  const auto kind = static_cast<FrameKind>(frame.at(kKind));
  return kind == FrameKind::data || kind == FrameKind::end;
}

}  // namespace

Outgoing::Outgoing() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) posix::throw_errno("eventfd");
}

void Outgoing::push(std::string frame, std::string payload) {
  {
    const std::lock_guard lock(mutex_);
    auto& to = belongs_to_a_stream(frame) ? data_ : small_;
    to.push_back({std::move(frame), std::move(payload)});
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

bool Outgoing::empty() const {
  const std::lock_guard lock(mutex_);
  return written_ == current_.size() && small_.empty() && data_.empty();
}

bool Outgoing::next() {
  const std::lock_guard lock(mutex_);
  auto& from = small_.empty() ? data_ : small_;
  if (from.empty()) return false;
  current_ = std::move(from.front());
  from.pop_front();
  written_ = 0;
  return true;
}

bool Outgoing::write_to(const posix::UniqueFd& pipe) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  while (written_ < current_.size() || next()) {
    const std::size_t before = written_;
    if (!posix::write_some(pipe, current_.frame, current_.payload, written_)) return false;
    if (written_ > before) sent_at_ = Clock::now();
    if (written_ < current_.size()) return true;
  }
  return true;
}

}  // namespace ms2m::node
