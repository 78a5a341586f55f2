#include "hook/shell_run.hpp"

#include <poll.h>
#include <signal.h>

#include <array>

#include "wrap/posix/end_with_us.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::hook {
namespace {

constexpr Millis kGrace{500};
constexpr int kLastPieces = 64;  ///< what it leaves behind may write on

posix::ProcessSpec process(const ShellCommand& what) {
  posix::ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", what.command};
  spec.env = what.env;
  spec.without = {"MS2M_BROKER", "MS2M_BROKER_API", "MS2M_BROKER_PASSWORD", "MS2M_REGISTRY", "MS2M_SERVER",
                  "MS2M_TOKEN",  "MS2M_HOOK",       "MS2M_OFFSET_COMMAND"};
  return spec;
}

class Run {
 public:
  Run(const ShellCommand& what, const std::function<void(std::size_t, std::string_view)>& heard, const StopToken& stop)
      : what_(what), heard_(heard), stop_(stop), child_(process(what)), ends_with_us_(child_.pid()) {}

  posix::ExitStatus go() {
    const posix::SigpipeGuard guard;
    try {
      while (!child_.try_wait()) {
        feed();
        wait();
        stop_.check(what_.doing);
        hear();
      }
      for (int n = 0; n < kLastPieces && hear(); ++n) {
      }
    } catch (...) {
      child_.end(kGrace);
      child_.signal_group(SIGKILL);
      throw;
    }
    return *child_.try_wait();
  }

 private:
  void feed() {
    if (!child_.in) return;
    if (!posix::write_some(child_.in, what_.input, sent_) || sent_ == what_.input.size()) child_.in.reset();
  }

  /// False: nothing was there.
  bool hear() {
    std::size_t all = 0;
    for (posix::UniqueFd* from : {&child_.out, &child_.err}) {
      if (!*from) continue;
      std::array<char, 4096> piece;
      const std::size_t got = posix::read_some(*from, piece);
      heard_(from == &child_.out ? 0 : 1, {piece.data(), got});
      all += got;
    }
    return all > 0;
  }

  void wait() {
    std::array<pollfd, 5> fds;
    fds[0] = {child_.pidfd(), POLLIN, 0};
    fds[1] = {stop_.fd(), POLLIN, 0};  // poll ignores -1
    fds[2] = {child_.in ? child_.in.get() : -1, POLLOUT, 0};
    fds[3] = {child_.out.get(), POLLIN, 0};
    fds[4] = {child_.err.get(), POLLIN, 0};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop_.remaining(Millis{60000}).count()));
  }

  const ShellCommand& what_;
  const std::function<void(std::size_t, std::string_view)>& heard_;
  const StopToken& stop_;
  posix::Child child_;
  const posix::EndsWithUs ends_with_us_;
  std::size_t sent_ = 0;
};

}  // namespace

posix::ExitStatus run_in_shell(const ShellCommand& what,
                               const std::function<void(std::size_t stream, std::string_view piece)>& heard,
                               const StopToken& stop) {
  stop.check(what.doing);
  return Run(what, heard, stop).go();
}

}  // namespace ms2m::hook
