#include "hook/shell_hooks.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <utility>

#include "hook/lines.hpp"
#include "ms2m/error.hpp"
#include "ms2m/outcome.hpp"
#include "report/outcome_report.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/end_with_us.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::hook {
namespace {

constexpr Millis kGrace{500};
constexpr int kLastPieces = 64;  ///< what it leaves behind may write on

std::string told(const Hook& hook, const Outcome& so_far) {
  Json json = report::outcome_json(so_far, "migrate", exit_status(so_far));
  json["hook"] = to_string(hook.at);
  if (hook.at != HookPoint::end) json["result"] = json["exit_status"] = nullptr;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

posix::ProcessSpec process(const Hook& hook, const Outcome& so_far) {
  posix::ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", hook.command};
  spec.env = {{"MS2M_ID", so_far.id}, {"MS2M_PHASE", to_string(hook.at)}};
  spec.without = {"MS2M_BROKER", "MS2M_BROKER_API", "MS2M_BROKER_PASSWORD", "MS2M_REGISTRY", "MS2M_SERVER",
                  "MS2M_TOKEN",  "MS2M_HOOK"};
  return spec;
}

/// One run of one command.
class Run {
 public:
  Run(const Hook& hook, const Outcome& so_far, Observer& observer, const StopToken& stop)
      : doing_(std::string("hook ") + to_string(hook.at)),
        input_(told(hook, so_far)),
        stop_(stop),
        lines_([this, &observer](const std::string& line) {
          last_ = line;
          Event event;
          event.type = Event::Type::hook;
          event.text = doing_ + ": " + line;
          observer.on(event);
        }),
        child_(process(hook, so_far)),
        ends_with_us_(child_.pid()) {}

  void go() {
    const posix::SigpipeGuard guard;
    try {
      while (!child_.try_wait()) {
        feed();
        wait();
        stop_.check(doing_);
        hear();
      }
      for (int n = 0; n < kLastPieces && hear(); ++n) {
      }
    } catch (...) {
      child_.end(kGrace);
      child_.signal_group(SIGKILL);
      throw;
    }
    lines_.end();
    const posix::ExitStatus status = *child_.try_wait();
    if (!status.ok()) throw Error(ErrorKind::failed, status.text() + (last_.empty() ? "" : ": " + last_));
  }

 private:
  void feed() {
    if (!child_.in) return;
    if (!posix::write_some(child_.in, input_, sent_) || sent_ == input_.size()) child_.in.reset();
  }

  /// False: nothing was there.
  bool hear() {
    std::size_t heard = 0;
    for (posix::UniqueFd* from : {&child_.out, &child_.err}) {
      if (!*from) continue;
      std::array<char, 4096> piece;
      const std::size_t got = posix::read_some(*from, piece);
      lines_.take(from == &child_.out ? 0 : 1, {piece.data(), got});
      heard += got;
    }
    return heard > 0;
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

  const std::string doing_, input_;
  const StopToken& stop_;
  std::string last_;
  Lines lines_;
  posix::Child child_;
  const posix::EndsWithUs ends_with_us_;
  std::size_t sent_ = 0;
};

class ShellHooks final : public Hooks {
 public:
  explicit ShellHooks(Observer& observer) : observer_(observer) {}
  void run(const Hook& hook, const Outcome& so_far, const StopToken& stop) override {
    stop.check(std::string("hook ") + to_string(hook.at));
    Run(hook, so_far, observer_, stop).go();
  }

 private:
  Observer& observer_;
};

}  // namespace

void end_running() noexcept { posix::end_groups(); }

std::unique_ptr<Hooks> make_shell_hooks(Observer& observer) { return std::make_unique<ShellHooks>(observer); }

}  // namespace ms2m::hook
