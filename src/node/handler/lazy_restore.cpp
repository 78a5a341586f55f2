#include "node/handler/lazy_restore.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "ms2m/error.hpp"
#include "node/handler/copy_process.hpp"
#include "node/handler/guard_main.hpp"
#include "node/handler/let_go.hpp"
#include "node/handler/page_daemon.hpp"
#include "node/runtime/criu_settings.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr int kPatience = 10'000;  // ms, for the end of what was killed

/// All of it can be killed: by its control group, which is not that of whoever restored it; or, where there is none to
/// do that, its first process with all below that.
class RunningCopy {
 public:
  explicit RunningCopy(const std::string& pid_file) : first_(first_of_copy(pid_file)) {
    if (first_ <= 1) throw Error(ErrorKind::failed, "the runtime has not said which process it has restored");
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, first_, 0)));
    if (!pidfd_) posix::throw_errno("the process that was restored");
    const std::string group = group_of(std::to_string(first_)), own = group_of("self");
    if (group.empty() || (own + "/").starts_with(group == "/" ? group : group + "/")) return;
    kill_ = open_in_group(group, "cgroup.kill");
    freeze_ = open_in_group(group, "cgroup.freeze");
  }
  std::vector<int> descriptors() const { return {pidfd_.get(), kill_.get(), freeze_.get()}; }
  pollfd look() const { return {pidfd_.get(), POLLIN, 0}; }
  bool has_ended() const { return ends_within(0); }
  /// Also of one that has no memory any more, and is ending: the daemon learns that before we do.
  bool ends() const {
    const std::string pages = read_text("/proc/" + std::to_string(first_) + "/statm").value_or("0 ");
    return ends_within(pages.starts_with("0 ") ? kPatience : 0);
  }
  /// Whoever waits for a page waits anew.
  void nudge() const {
    for (const char* how : {"1", "0"})
      if (freeze_) [[maybe_unused]]
        const auto wrote = ::write(freeze_.get(), how, 1);
  }
  void end() const {
    if (kill_) [[maybe_unused]]
      const auto wrote = ::write(kill_.get(), "1", 1);
    else
      kill_below();
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    ends_within(kPatience);
  }

 private:
  void kill_below() const {
    if (has_ended()) return;  // the number may be another's
    const std::vector<pid_t> all = processes_below(first_);
    for (const int signal : {SIGSTOP, SIGKILL})
      for (const pid_t each : all) ::kill(each, signal);
  }
  bool ends_within(int ms) const {
    pollfd at = look();
    return ::poll(&at, 1, ms) == 1;
  }
  const pid_t first_;
  posix::UniqueFd pidfd_, kill_, freeze_;
};

using Faults = std::vector<posix::UniqueFd>;

/// How many of the copy's threads wait for a page (fs/userfaultfd.c, userfaultfd_show_fdinfo).
std::uint64_t waiting(const Faults& faults) {
  std::uint64_t all = 0;
  for (const posix::UniqueFd& each : faults) {
    const std::string info = read_text("/proc/self/fdinfo/" + std::to_string(each.get())).value_or("");
    if (const auto at = info.find("total:"); at != std::string::npos) all += std::strtoull(&info[at + 6], nullptr, 10);
  }
  return all;
}

/// `faults`: also of processes that the copy forks meanwhile. For a page among those that CRIU has asked for already it
/// does not ask again (criu/uffd.c, is_page_queued), also when it got only a part of them: whoever has waited for long
/// waits anew.
LastPage await_last_page(PageDaemon& daemon, const RunningCopy& copy, Faults& faults) {
  constexpr int kLook = 100;  // ms: nobody is told of a fork
  constexpr int kLong = 3;    // looks
  int waited = 0;
  std::array<pollfd, 2> fds{pollfd{daemon.process().pidfd(), POLLIN, 0}, copy.look()};
  while (fds[0].revents == 0 && fds[1].revents == 0) {
    const int ready = ::poll(fds.data(), fds.size(), kLook);
    if (ready < 0 && errno != EINTR) posix::throw_errno("poll");
    if (ready == 0) {
      Faults now = daemon.share_faults();
      if (!now.empty()) faults.swap(now);
      waited = waiting(faults) > 0 ? waited + 1 : 0;
      if (waited == kLong) {
        copy.nudge();
        waited = 0;
      }
    }
  }
  if (copy.has_ended()) return LastPage::copy_ended;
  const auto ended = daemon.process().try_wait();
  if (!ended || !ended->ok()) return LastPage::missing;
  return copy.ends() ? LastPage::copy_ended : LastPage::came;
}

/// Not before the daemon has ended, whatever becomes of the copy.
void keep(const LazyRestore& what, PageDaemon& daemon, const RunningCopy& copy, Faults& faults) noexcept {
  LastPage last = LastPage::missing;
  try {
    last = await_last_page(daemon, copy, faults);
  } catch (const std::exception&) {
  }
  if (last != LastPage::came) copy.end();
  daemon.process().end(Millis{0});
  try {
    what.over(last);
  } catch (const std::exception&) {  // the restore was removed, or taken back: then it is nobody's
  }
}

bool tell(int report, int code) { return ::write(report, &code, sizeof code) == sizeof code; }

/// The keeper's work, once the runtime has restored. What this throws it throws before it has told that.
int keep_running(const LazyRestore& what, PageDaemon& daemon, int report) {
  const RunningCopy copy(what.restore.pid_file);
  Faults faults = daemon.share_faults();
  if (const auto ended = daemon.process().try_wait(); ended && !ended->ok()) {
    copy.end();
    return kPagesMissing;
  }
  std::vector<int> open = what.kept;
  open.insert(open.end(), {report, daemon.process().pidfd(), daemon.process().out.get()});
  for (const int each : copy.descriptors()) open.push_back(each);
  for (const posix::UniqueFd& each : faults) open.push_back(each.get());
  for (const int ignored : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(ignored, SIG_IGN);
  if (::chdir("/") != 0) posix::throw_errno("/");
  let_go_of_all_but(std::move(open));
  if (!tell(report, 0)) return 0;  // whoever ended him ends all of it
  ::close(report);
  keep(what, daemon, copy, faults);
  return 0;
}

/// The runtime's exit code, or why it was in vain.
int restore(const LazyRestore& what, int report) {
  put_in_place_of(what.restore.criu_file, what.restore.own_file);
  PageDaemon daemon(what.restore, PageDaemon::Has::nothing);
  if (!daemon.listens()) return kPagesMissing;
  if (const int code = daemon.run_runtime(what.restore.runtime); code != 0) {
    if (code == kPagesMissing) kill_everything_below();  // also what the runtime may have let run already
    return code;
  }
  try {
    return keep_running(what, daemon, report);
  } catch (const std::exception& error) {  // the copy runs, and has its pages, until the guard ends all of this
    std::fprintf(stderr, "ms2m-runtime: %s\n", error.what());
    tell(report, kPagesMissing);
    daemon.process().wait_for(Millis{kPatience});
    return kPagesMissing;
  }
}

[[noreturn]] void keeper(const LazyRestore& what, int report) noexcept {
  int code = kPagesMissing;
  try {
    ::setsid();
    code = restore(what, report);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ms2m-runtime: %s\n", error.what());
  }
  if (code != 0) tell(report, code);
  ::_exit(code);
}

}  // namespace

int restore_lazily(const LazyRestore& what) noexcept {
  try {
    posix::Pipe report = posix::make_pipe();
    const pid_t child = ::fork();
    if (child < 0) posix::throw_errno("fork");
    if (child == 0) {
      report.read.reset();
      keeper(what, report.write.get());
    }
    report.write.reset();
    int code = 0;
    ssize_t got = -1;
    do got = ::read(report.read.get(), &code, sizeof code);
    while (got < 0 && errno == EINTR);
    return got == sizeof code ? code : kPagesMissing;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ms2m-runtime: %s\n", error.what());
    return kPagesMissing;
  }
}

}  // namespace ms2m::node
