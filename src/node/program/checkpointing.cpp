#include "node/program/checkpointing.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <cerrno>

#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kGrace{30};
constexpr std::chrono::seconds kReaping{5};
constexpr Millis kLook{20};  // nobody is told that a process group is empty
constexpr std::size_t kMostSaid = 8u << 10;

posix::ProcessSpec spec_of(const std::vector<std::string>& argv, const std::vector<int>& inherited) {
  posix::ProcessSpec spec;
  spec.argv = argv;
  spec.in = posix::ProcessSpec::Stream::null;
  spec.inherited = inherited;
  return spec;
}

}  // namespace

Checkpointing::Checkpointing(const std::vector<std::string>& argv, const std::vector<int>& inherited)
    : child_(spec_of(argv, inherited)) {}

bool Checkpointing::await(int fd, const StopToken& stop) {
  while (!stop.stop_requested()) {
    std::array<pollfd, 5> fds{pollfd{fd, POLLIN, 0}, pollfd{child_.pidfd(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0},
                              pollfd{child_.out.get(), POLLIN, 0}, pollfd{child_.err.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    collect();
    if ((fds[0].revents & POLLIN) != 0) return true;
    if (fds[1].revents != 0) return false;
    if (fds[0].revents != 0) fd = -1;  // closed, and nothing was said: its end tells why
  }
  return false;
}

Checkpointed Checkpointing::finish(const StopToken& stop) {
  while (!child_.try_wait()) {
    if (stop.stop_requested() && !until_) until_ = Clock::now() + kGrace;
    // Once it is stopped, that says nothing more.
    std::array<pollfd, 4> fds{pollfd{child_.pidfd(), POLLIN, 0}, pollfd{until_ ? -1 : stop.fd(), POLLIN, 0},
                              pollfd{child_.out.get(), POLLIN, 0}, pollfd{child_.err.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), until_ ? static_cast<int>(kLook.count()) : -1);
    collect();
    kill_late();
  }
  collect();
  Checkpointed done{*child_.try_wait(), said_};
  // A runtime that was killed leaves its CRIU at work.
  if (!until_) until_ = Clock::now() + kGrace;
  while ((::kill(-child_.pid(), 0) == 0 || errno != ESRCH) && Clock::now() < *until_ + kReaping) {
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
    kill_late();
  }
  return done;
}

void Checkpointing::collect() {
  std::string ignored;
  posix::read_tail(child_.out, ignored, 1);
  posix::read_tail(child_.err, said_, kMostSaid);
}

void Checkpointing::kill_late() {
  if (until_ && Clock::now() >= *until_) child_.signal_group(SIGKILL);
}

Checkpointed run_checkpoint(const std::vector<std::string>& argv, const std::function<void(pid_t)>& began,
                            const StopToken& stop) {
  Checkpointing checkpointing(argv);
  began(checkpointing.group());
  return checkpointing.finish(stop);
}

}  // namespace ms2m::node
