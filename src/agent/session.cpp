#include "agent/session.hpp"

#include <fcntl.h>
#include <poll.h>

#include <array>

#include "node/protocol/agent_paths.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::agent {
namespace {

constexpr int kPipeBytes = static_cast<int>(node::kAgentBody);
constexpr std::size_t kSaid = 8u << 10;
constexpr Millis kDying{2000};

int milliseconds_until(TimePoint until) {
  return static_cast<int>(std::max<std::int64_t>(std::chrono::ceil<Millis>(until - Clock::now()).count(), 0));
}

}  // namespace

/// While a request is answered, somebody is there.
class Session::Busy {
 public:
  explicit Busy(Session& session) : session_(session) { ++session_.busy_; }
  ~Busy() {
    session_.heard_ = Clock::now();
    --session_.busy_;
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Session& session_;
};

Session::Session(std::string owner, const posix::ProcessSpec& program, Millis silence)
    : owner_(std::move(owner)), silence_(silence), heard_(Clock::now()), child_(program) {
  for (const auto* pipe : {&child_.in, &child_.out}) ::fcntl(pipe->get(), F_SETPIPE_SZ, kPipeBytes);
}

std::optional<std::uint64_t> Session::take(std::uint64_t at, std::string_view bytes, bool& ended) {
  const Busy busy(*this);
  const posix::SigpipeGuard guard;
  const TimePoint until = Clock::now() + silence_ / 3;
  const std::lock_guard lock(in_mutex_);
  if (at > taken_) return std::nullopt;
  ended = !child_.in;
  if (ended || taken_ - at >= bytes.size()) return taken_;
  bytes.remove_prefix(static_cast<std::size_t>(taken_ - at));
  for (std::size_t sent = 0;;) {
    const std::size_t before = sent;
    ended = !posix::write_some(child_.in, bytes, sent);
    taken_ += sent - before;
    if (ended || sent == bytes.size() || Clock::now() >= until) return taken_;
    pollfd fd{child_.in.get(), POLLOUT, 0};
    ::poll(&fd, 1, milliseconds_until(until));
  }
}

Session::Output Session::give(std::uint64_t at) {
  const Busy busy(*this);
  const TimePoint until = Clock::now() + silence_ / 3;
  const std::lock_guard lock(out_mutex_);
  Output output;
  output.misplaced = at != given_ && at != given_ + chunk_.size();
  if (output.misplaced) return output;
  if (at != given_) {
    given_ = at;
    chunk_.clear();
  }
  if (chunk_.empty()) fill(until);
  output.bytes = chunk_;
  output.ended = chunk_.empty() && status_;
  if (output.ended) {
    output.end = *status_;
    output.said = posix::last_line(said_);
  }
  return output;
}

void Session::fill(TimePoint until) {
  while (chunk_.empty() && child_.out) {
    posix::read_into(child_.out, chunk_, node::kAgentBody);
    posix::read_tail(child_.err, said_, kSaid);
    if (!chunk_.empty() || !child_.out || Clock::now() >= until) break;
    std::array<pollfd, 2> fds{{{child_.out.get(), POLLIN, 0}, {child_.err.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), milliseconds_until(until));
  }
  if (child_.out || status_) return;
  const auto status = child_.wait_for(kDying);
  posix::read_tail(child_.err, said_, kSaid);
  status_ = status ? status->text() : "it has closed its output and runs on";
}

void Session::close() {
  if (closed_.load() == TimePoint{}) closed_ = Clock::now();
  const std::lock_guard lock(in_mutex_);
  child_.in.reset();
}

bool Session::silent(TimePoint now) const noexcept { return busy_ == 0 && now - heard_.load() >= silence_; }

std::optional<Seconds> Session::closed_for(TimePoint now) const noexcept {
  const TimePoint closed = closed_;
  return closed == TimePoint{} ? std::nullopt : std::optional<Seconds>(now - closed);
}

void Session::let_go() {
  const std::lock_guard lock(out_mutex_);
  child_.let_go();
}

bool Session::has_ended() {
  const std::unique_lock lock(out_mutex_, std::try_to_lock);
  return lock && child_.try_wait().has_value();
}

}  // namespace ms2m::agent
