#include "node/handler/page_daemon.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "node/handler/real_runtime.hpp"
#include "node/restore/page_socket.hpp"
#include "node/runtime/paths.hpp"

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

/// What is for the runtime alone: while this lives, a program that is started has neither our working directory nor
/// what it would inherit.
class Withheld {
 public:
  Withheld() : here_(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    const posix::UniqueFd all = open_directory("/proc/self/fd");
    if (!here_ || !all || ::chdir("/") != 0) posix::throw_errno("a daemon that has nothing of its caller's");
    for (const std::string& each : names_in(all.get())) {
      const int fd = std::stoi(each);
      if (fd <= 2 || ::fcntl(fd, F_GETFD) != 0) continue;
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      inherited_.push_back(fd);
    }
  }
  ~Withheld() {
    for (const int fd : inherited_) ::fcntl(fd, F_SETFD, 0);
    [[maybe_unused]] const int back = ::fchdir(here_.get());
  }
  Withheld(const Withheld&) = delete;
  Withheld& operator=(const Withheld&) = delete;

 private:
  posix::UniqueFd here_;
  std::vector<int> inherited_;
};

/// It listens, or has ended: false.
bool read_ready(const posix::UniqueFd& ready) {
  char byte = 0;
  ssize_t got = -1;
  do got = ::read(ready.get(), &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

}  // namespace

PageDaemon::PageDaemon(const PagedRestore& what, Has has) : giver_{what.pages, POLLRDHUP, 0} {
  posix::Pipe ready = posix::make_pipe();
  {
    std::optional<Withheld> withheld;
    if (has == Has::nothing) withheld.emplace();
    process_ = std::make_unique<posix::Child>(daemon_of(what, ready.write.get()));
  }
  ready.write.reset();
  listens_ = read_ready(ready.read);
  if (listens_) show_process(what.pages, process_->pidfd());
}

void PageDaemon::heed_giver(const pollfd& seen) {
  if (seen.revents == 0) return;
  process_->signal_group(SIGCONT);
  giver_.fd = -1;
}

int PageDaemon::run_runtime(const std::vector<std::string>& argv) {
  const pid_t child = ::fork();
  if (child < 0) posix::throw_errno("fork");
  if (child == 0) ::_exit(exec_runtime(argv));
  const posix::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  std::array<pollfd, 3> fds{pollfd{pidfd.get(), POLLIN, 0}, pollfd{process_->pidfd(), POLLIN, 0}, giver_};
  while (pidfd && fds[0].revents == 0) {
    fds[2] = giver_;
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
    heed_giver(fds[2]);
    if (fds[0].revents != 0 || fds[1].revents == 0) continue;
    if (const auto ended = process_->try_wait(); ended && !ended->ok()) return kPagesMissing;
    fds[1].fd = -1;
  }
  int raw = 0;
  while (::waitpid(child, &raw, 0) < 0 && errno == EINTR) continue;
  return as_exit_code({WIFEXITED(raw) ? WEXITSTATUS(raw) : 0, WIFSIGNALED(raw) ? WTERMSIG(raw) : 0});
}

std::vector<posix::UniqueFd> PageDaemon::share_faults() const {
  std::vector<posix::UniqueFd> shared;
  const std::string all = "/proc/" + std::to_string(process_->pid()) + "/fd";
  const posix::UniqueFd directory = open_directory(all);
  if (!directory) return shared;
  for (const std::string& each : names_in(directory.get()))
    if (read_link(all + "/" + each) == "anon_inode:[userfaultfd]")
      shared.emplace_back(static_cast<int>(::syscall(SYS_pidfd_getfd, process_->pidfd(), std::stoi(each), 0)));
  return shared;
}

posix::ExitStatus PageDaemon::await_end() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{process_->pidfd(), POLLIN, 0}, giver_};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
    heed_giver(fds[1]);
    if (const auto ended = process_->try_wait()) return *ended;
  }
}

}  // namespace ms2m::node
