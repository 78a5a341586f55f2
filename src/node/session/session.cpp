#include "node/session/session.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>

#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kReadAtOnce = 512u << 10;
constexpr Millis kFarewell{500};

}  // namespace

Session::Session(Link link, Millis silence)
    : link_(std::move(link)), silence_(silence), outgoing_(std::make_shared<Outgoing>()), heard_at_(Clock::now()) {
  thread_ = std::thread([this] { run(); });
}

Session::~Session() {
  closing_ = true;
  outgoing_->push(encode_frame(FrameKind::heartbeat, 0));  // wakes the thread
  thread_.join();
  link_.line->in.reset();
  link_.line->wait_for_end(kFarewell);
}

bool Session::lives() {
  std::unique_lock lock(mutex_);
  heard_.wait_for(lock, silence_ / 2, [this] { return !alive() || speaks(); });
  return alive();
}

bool Session::ends_within(Millis limit) {
  std::unique_lock lock(mutex_);
  return heard_.wait_for(lock, limit, [this] { return !alive(); });
}

std::shared_ptr<Call> Session::start(const std::string& request, std::string doing) {
  const std::lock_guard lock(mutex_);
  if (cause_) throw Error(*cause_);
  if (calls_.size() >= kMaxChannels) throw Error(ErrorKind::failed, "too many requests to node " + link_.node);
  const std::uint32_t channel = next_channel_++;
  auto call =
      std::make_shared<Call>(channel, std::move(doing), [outgoing = outgoing_](std::string frame, std::string payload) {
        outgoing->push(std::move(frame), std::move(payload));
      });
  calls_[channel] = call;
  outgoing_->push(encode_frame(FrameKind::request, channel, request));  // channels arrive in the order of their numbers
  return call;
}

void Session::run() noexcept {
  std::optional<Error> cause;
  try {
    cause = serve();
  } catch (const Error& error) {
    cause = error;
  } catch (const std::exception& error) {
    cause = Error(ErrorKind::failed, error.what());
  }
  conclude(cause ? *cause : Error(ErrorKind::unavailable, "the session with node " + link_.node + " was closed"));
}

std::optional<Error> Session::serve() {
  const posix::SigpipeGuard guard;
  decoder_.feed(link_.early);
  decode();
  while (!closing_) {
    // What is there counts before the time does: ms2m itself may have been stopped.
    read();
    if (!link_.line->out) return cause_of_end();
    const auto now = Clock::now();
    if (now - heard_at_.load() >= silence_)
      return Error(ErrorKind::unavailable,
                   fmt::format("node {} was silent for {:.1f} s", link_.node, seconds_between(heard_at_.load(), now)),
                   "try: " + link_.by_hand);
    if (now - outgoing_->sent_at() >= silence_ / kBeatsPerSilence && outgoing_->empty())
      outgoing_->push(encode_frame(FrameKind::heartbeat, 0));
    if (!outgoing_->write_to(link_.line->in)) return cause_of_end();
    wait();
  }
  return std::nullopt;
}

void Session::read() {
  posix::UniqueFd& out = link_.line->out;
  std::size_t done = 0;
  for (bool more = true; more && out && done < kReadAtOnce;) {
    const std::span<char> room = decoder_.room();
    const std::size_t got = posix::read_some(out, room);
    decoder_.filled(got);
    decode();
    done += got;
    more = got > 0;  // until there is no more, or the end: who has waited is told both at once
  }
  if (done > 0 || !out) {
    const std::lock_guard lock(mutex_);
    if (done > 0) heard_at_ = Clock::now();
    if (!out) over_ = true;
  }
  heard_.notify_all();
  posix::read_tail(link_.line->err, link_.said, kSaidKept);
}

void Session::decode() {
  while (auto frame = decoder_.next()) dispatch(std::move(*frame));
}

void Session::dispatch(Frame frame) {
  if (frame.kind == FrameKind::heartbeat) return;
  std::shared_ptr<Call> call;
  {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(frame.channel);
    if (found == calls_.end())
      throw Error(ErrorKind::protocol, "node " + link_.node + " answered what it was not asked");
    call = found->second.lock();
    if (frame.kind == FrameKind::answer || frame.kind == FrameKind::error) calls_.erase(found);
  }
  if (call) call->take(std::move(frame));
}

void Session::wait() {
  const Line& line = *link_.line;
  std::array<pollfd, 4> fds{{{line.out.get(), POLLIN, 0},
                             {line.err.get(), POLLIN, 0},
                             {outgoing_->wake_fd(), POLLIN, 0},
                             {outgoing_->empty() ? -1 : line.in.get(), POLLOUT, 0}}};
  const TimePoint next = std::min(heard_at_.load() + silence_, outgoing_->sent_at() + silence_ / kBeatsPerSilence);
  // While the pipe is full, no heartbeat is due: only what comes from there counts.
  const auto until = outgoing_->empty() ? next : heard_at_.load() + silence_;
  const auto left = std::chrono::ceil<Millis>(until - Clock::now()).count();
  ::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(left, 1)));
}

/// The program's stdout has ended: so does the line, with the reason.
Error Session::cause_of_end() {
  link_.line->wait_for_end(Millis{2000});
  posix::read_tail(link_.line->err, link_.said, kSaidKept);
  return link_.line->cause(link_.said);
}

void Session::conclude(const Error& cause) {
  std::map<std::uint32_t, std::weak_ptr<Call>> calls;
  {
    const std::lock_guard lock(mutex_);
    cause_ = cause;
    over_ = true;
    calls.swap(calls_);
  }
  heard_.notify_all();
  if (!closing_) link_.line->cut();
  for (auto& [channel, each] : calls)
    if (const auto call = each.lock()) call->fail(cause);
}

}  // namespace ms2m::node
