#include "node/handler/paged_restore.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "node/handler/real_runtime.hpp"
#include "node/restore/page_socket.hpp"
#include "node/runtime/criu_settings.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {
namespace {

posix::ProcessSpec daemon_of(const PagedRestore& what, int ready) {
  const char* path = std::getenv("PATH");
  posix::ProcessSpec spec;
  spec.argv = {"criu",         "lazy-pages",
               "--images-dir", what.images,
               "--work-dir",   what.work,
               "--log-file",   kPagesLog,
               "-v1",          "--page-server",
               "--ps-socket",  std::to_string(what.pages),
               "--status-fd",  std::to_string(ready)};
  spec.env = {{"PATH", std::string(path != nullptr ? path : "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"}};
  spec.in = spec.err = posix::ProcessSpec::Stream::null;
  spec.own_group = false;
  spec.inherited = {what.pages, ready};
  return spec;
}

/// Whoever gives pages to the daemon stops it while it waits for some, and may be killed: then the daemon goes on, and
/// sees that nobody gives any more.
class Giver {
 public:
  explicit Giver(int socket) : at_{socket, POLLRDHUP, 0} {}
  const pollfd& look() const { return at_; }
  void heed(const pollfd& seen, posix::Child& daemon) {
    if (seen.revents == 0) return;
    daemon.signal_group(SIGCONT);
    at_.fd = -1;
  }

 private:
  pollfd at_;
};

/// It listens, or has ended: false.
bool listens(const posix::UniqueFd& ready) {
  char byte = 0;
  ssize_t got = -1;
  do got = ::read(ready.get(), &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

/// Its exit code. Should the daemon fail meanwhile, CRIU may wait for it for ever: whatever runs below is left to
/// whoever ends us.
int run(const std::vector<std::string>& argv, posix::Child& daemon, Giver& giver) {
  const pid_t child = ::fork();
  if (child < 0) posix::throw_errno("fork");
  if (child == 0) ::_exit(exec_runtime(argv));
  const posix::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  std::array<pollfd, 3> fds{pollfd{pidfd.get(), POLLIN, 0}, pollfd{daemon.pidfd(), POLLIN, 0}, giver.look()};
  while (pidfd && fds[0].revents == 0) {
    fds[2] = giver.look();
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
    giver.heed(fds[2], daemon);
    if (fds[0].revents != 0 || fds[1].revents == 0) continue;
    if (const auto ended = daemon.try_wait(); ended && !ended->ok()) return kPagesMissing;
    fds[1].fd = -1;
  }
  int raw = 0;
  while (::waitpid(child, &raw, 0) < 0 && errno == EINTR) continue;
  return as_exit_code({WIFEXITED(raw) ? WEXITSTATUS(raw) : 0, WIFSIGNALED(raw) ? WTERMSIG(raw) : 0});
}

posix::ExitStatus await_end(posix::Child& daemon, Giver& giver) {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{daemon.pidfd(), POLLIN, 0}, giver.look()};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
    giver.heed(fds[1], daemon);
    if (const auto ended = daemon.try_wait()) return *ended;
  }
}

/// The daemon's userfaultfds, ours too: a copy whose daemon has died waits for its pages, and reads no zeroes. (Not
/// those of processes that the copy forks meanwhile.)
std::vector<posix::UniqueFd> share_faults_of(pid_t daemon) {
  std::vector<posix::UniqueFd> shared;
  const posix::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, daemon, 0)));
  const std::string all = "/proc/" + std::to_string(daemon) + "/fd";
  const posix::UniqueFd directory = open_directory(all);
  if (!pidfd || !directory) return shared;
  for (const std::string& each : names_in(directory.get()))
    if (read_link(all + "/" + each) == "anon_inode:[userfaultfd]")
      shared.emplace_back(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), std::stoi(each), 0)));
  return shared;
}

/// The copy, which stands still as long as this lives: each page that it touched before it is there would be one that
/// CRIU asks for alone, and waits for. Its control group is one of version 2; or it runs, and all takes longer.
class StandingCopy {
 public:
  explicit StandingCopy(const std::string& pid_file) {
    const std::string text = pid_file.empty() ? "" : read_text(pid_file).value_or("");
    first_ = static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
    if (first_ <= 1) return;
    const std::string groups = read_text("/proc/" + std::to_string(first_) + "/cgroup").value_or("");
    const auto at = groups.find("0::/");  // in the first line, or behind an end of line
    if (at == std::string::npos || (at > 0 && groups[at - 1] != '\n')) return;
    const std::string path = groups.substr(at + 3, groups.find('\n', at) - at - 3);
    file_.reset(::open(("/sys/fs/cgroup" + path + "/cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
    freeze('1');
  }
  ~StandingCopy() { freeze('0'); }
  StandingCopy(const StandingCopy&) = delete;
  StandingCopy& operator=(const StandingCopy&) = delete;

  void kill() const noexcept {
    if (first_ > 1) ::kill(first_, SIGKILL);
  }

 private:
  void freeze(char how) const noexcept {
    if (file_) [[maybe_unused]]
      const auto wrote = ::write(file_.get(), &how, 1);
  }
  pid_t first_ = -1;
  posix::UniqueFd file_;
};

int restore(const PagedRestore& what) {
  put_in_place_of(what.criu_file, what.own_file);
  posix::Pipe ready = posix::make_pipe();
  posix::Child daemon(daemon_of(what, ready.write.get()));
  ready.write.reset();
  if (!listens(ready.read)) return kPagesMissing;
  show_process(what.pages, daemon.pidfd());
  Giver giver(what.pages);
  if (const int code = run(what.runtime, daemon, giver); code != 0) return code;
  const StandingCopy copy(what.pid_file);
  const auto shared = share_faults_of(daemon.pid());
  if (await_end(daemon, giver).ok()) return 0;
  copy.kill();
  return kPagesMissing;
}

}  // namespace

int restore_with_pages(const PagedRestore& what) noexcept {
  try {
    return restore(what);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ms2m-runtime: %s\n", error.what());
    return kPagesMissing;
  }
}

}  // namespace ms2m::node
