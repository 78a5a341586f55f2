#include "node/program/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ms2m/error.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/wire_error.hpp"
#include "node/runtime/choose.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostAtOnce = 1u << 20;
constexpr std::chrono::seconds kHello{30};  // until ms2m has said who it is
constexpr Millis kLeastSilence{100}, kMostSilence{600'000};
constexpr Millis kLastWords{500};

Error ended(const std::string& why) { return Error(ErrorKind::protocol, why); }

}  // namespace

Server::Server(const Streams& streams, const Roots& roots, Greeting greeting, Guard& guard)
    : streams_(streams),
      roots_(roots),
      greeting_(std::move(greeting)),
      guard_(guard),
      containers_(roots_.cgroups, guard),
      dumps_(roots_, containers_, guard),
      attended_(roots_.cgroups, roots_.system),
      node_{roots_, containers_, dumps_, attended_, passages_, registry_, sent_, arrived_, "", "", nullptr},
      requests_(wire_),
      out_(print_greeting(greeting_)),
      silence_(kHello),
      heard_(BootClock::now()),
      said_(heard_) {
  posix::set_nonblocking(streams_.in);
  posix::set_nonblocking(streams_.out);
  // Fewer turns for what streams; no pipe, or no right to it: as it is.
  for (const int fd : {streams_.in, streams_.out}) ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(kMostAtOnce));
}

std::string Server::run() {
  std::string why;
  try {
    loop();
  } catch (const std::exception& error) {
    why = error.what();
  }
  finish();
  return why;
}

void Server::loop() {
  while (!ended_) {
    requests_.reap();
    write();
    std::array<pollfd, 5> fds{pollfd{streams_.in, POLLIN, 0},
                              pollfd{written_out() && wire_.empty() ? -1 : streams_.out, POLLOUT, 0},
                              pollfd{wire_.fd(), POLLIN, 0}, pollfd{streams_.signals, POLLIN, 0},
                              pollfd{guard_.fd(), 0, 0}};  // hang-up alone: what it answers is for who asked
    if (::poll(fds.data(), fds.size(), patience()) < 0 && errno != EINTR) posix::throw_errno("poll");
    if (fds[3].revents != 0) return;
    if (fds[4].revents != 0) throw ended("the guard has died");
    if (fds[2].revents != 0) wire_.drain();
    // What has come while we were stopped ourselves is no silence.
    if (fds[0].revents != 0) read();
    if (BootClock::now() - heard_ >= silence_) throw ended("nothing was heard of ms2m any more");
    beat();
  }
}

/// Milliseconds until something is due.
int Server::patience() const {
  BootTime next = heard_ + silence_;
  if (greeted_) next = std::min(next, said_ + silence_ / kBeatsPerSilence);
  const auto left = std::min(std::chrono::ceil<Millis>(next - BootClock::now()),
                             std::chrono::ceil<Millis>(awake_ + Guard::kAwake - Clock::now()));
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Server::read() {
  for (std::size_t done = 0; done < kMostAtOnce && !ended_;) {
    const std::span<char> room = decoder_.room();
    const auto got = ::read(streams_.in, room.data(), room.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      ended_ = true;  // an error of the stream is its end
      return;
    }
    heard_ = BootClock::now();
    decoder_.filled(static_cast<std::size_t>(got));
    done += static_cast<std::size_t>(got);
    while (!ended_) {
      auto frame = decoder_.next();
      if (!frame) break;
      obey(std::move(*frame));
    }
    if (static_cast<std::size_t>(got) < room.size()) return;  // what was there has been read
  }
}

void Server::obey(Frame frame) {
  if (frame.kind == FrameKind::heartbeat) return;
  if (!greeted_) return hello(frame);
  if (frame.kind == FrameKind::request)
    requests_.begin(node_, frame.channel, parse_object(frame.payload));
  else
    requests_.deliver(std::move(frame));
}

void Server::hello(const Frame& frame) {
  const Json request = frame.kind == FrameKind::request ? parse_object(frame.payload) : Json::object();
  if (frame.channel != 1 || request_name(request) != Hello::kDo)
    throw ended("a session begins with hello on channel 1");
  try {
    const Hello said = decode<Hello>(request);
    if (said.version != greeting_.version)
      throw Error(ErrorKind::refused, "the program on node " + said.node + " speaks version " +
                                          std::to_string(greeting_.version) + " of the protocol, ms2m version " +
                                          std::to_string(said.version));
    const auto asked = std::min<std::uint64_t>(said.silence_ms, static_cast<std::uint64_t>(kMostSilence.count()));
    silence_ = std::max(Millis(static_cast<std::int64_t>(asked)), kLeastSilence);
    node_.name = said.node;
    node_.runtime_version = said.runtime;
    node_.runtime = choose_runtime(said.runtime, {said.node, roots_.system});
    greeted_ = true;
  } catch (const Error& error) {
    wire_.put(FrameKind::error, frame.channel, print_error(error));
    throw;
  }
  wire_.put(FrameKind::answer, frame.channel, print_message(Nothing{}));
}

void Server::beat() {
  if (Clock::now() - awake_ >= Guard::kAwake) {
    guard_.awake();
    awake_ = Clock::now();
  }
  if (!greeted_ || BootClock::now() - said_ < silence_ / kBeatsPerSilence) return;
  said_ = BootClock::now();
  // Whoever does not read needs no second one.
  if (written_out() && wire_.empty()) wire_.put(FrameKind::heartbeat, 0);
}

void Server::write() {
  // Not longer, however fast it goes: what ms2m says is read in between.
  for (std::size_t done = 0; done < kMostAtOnce;) {
    if (written_out()) {
      out_ = wire_.take();
      written_ = 0;
      if (out_.empty()) return;
    }
    const auto wrote = ::write(streams_.out, out_.data() + written_, out_.size() - written_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) return;
    if (wrote < 0) {
      ended_ = true;  // nobody reads any more
      return;
    }
    said_ = BootClock::now();
    done += static_cast<std::size_t>(wrote);
    written_ += static_cast<std::size_t>(wrote);
  }
}

void Server::flush(Millis limit) noexcept {
  const TimePoint end = Clock::now() + limit;
  try {
    for (write(); (!written_out() || !wire_.empty()) && Clock::now() < end; write()) {
      pollfd room{streams_.out, POLLOUT, 0};
      const auto left = std::chrono::ceil<Millis>(end - Clock::now()).count();
      if (::poll(&room, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) < 1 || (room.revents & POLLERR) != 0)
        return;
    }
  } catch (const std::exception&) {  // no memory: nobody waits for these words
  }
}

void Server::finish() noexcept {
  dumps_.close();  // or a container would wait for whoever fetches its pages
  containers_.end();
  requests_.end();
  dumps_.end();
  flush(kLastWords);
  attended_.end();  // takes its time
}

}  // namespace ms2m::node
