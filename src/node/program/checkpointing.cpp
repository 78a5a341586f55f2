#include "node/program/checkpointing.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <optional>

#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kGrace{30};
constexpr std::chrono::seconds kReaping{5};
constexpr Millis kLook{20};  // nobody is told that a process group is empty
constexpr std::size_t kMostSaid = 8u << 10;

class Run {
 public:
  Run(const std::vector<std::string>& argv, const StopToken& stop) : child_(spec_of(argv)), stop_(stop) {}

  Checkpointed go(const std::function<void(pid_t)>& began) {
    began(child_.pid());
    while (!child_.try_wait()) {
      await();
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

 private:
  static posix::ProcessSpec spec_of(const std::vector<std::string>& argv) {
    posix::ProcessSpec spec;
    spec.argv = argv;
    spec.in = posix::ProcessSpec::Stream::null;
    return spec;
  }

  void await() {
    if (stop_.stop_requested() && !until_) until_ = Clock::now() + kGrace;
    // Once it is stopped, that says nothing more.
    std::array<pollfd, 4> fds{pollfd{child_.pidfd(), POLLIN, 0}, pollfd{until_ ? -1 : stop_.fd(), POLLIN, 0},
                              pollfd{child_.out.get(), POLLIN, 0}, pollfd{child_.err.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), until_ ? static_cast<int>(kLook.count()) : -1);
  }

  void collect() {
    std::string ignored;
    posix::read_tail(child_.out, ignored, 1);
    posix::read_tail(child_.err, said_, kMostSaid);
  }

  void kill_late() {
    if (until_ && Clock::now() >= *until_) child_.signal_group(SIGKILL);
  }

  posix::Child child_;
  const StopToken& stop_;
  std::optional<TimePoint> until_;
  std::string said_;
};

}  // namespace

Checkpointed run_checkpoint(const std::vector<std::string>& argv, const std::function<void(pid_t)>& began,
                            const StopToken& stop) {
  return Run(argv, stop).go(began);
}

}  // namespace ms2m::node
