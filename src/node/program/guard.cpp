#include "node/program/guard.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "ms2m/error.hpp"
#include "wrap/posix/fd_message.hpp"

namespace ms2m::node {
namespace {

constexpr Millis kAnswer{5000};
constexpr Millis kEnd{30000};  // longer than bring_to_end() takes for one of each

/// Nothing else stays open: ssh waits for whoever has its streams.
[[noreturn]] void become_guard(int socket) {
  ::setsid();
  ::prctl(PR_SET_NAME, "ms2m-guard");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGQUIT}) std::signal(signal, SIG_IGN);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(socket, 3);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  [[maybe_unused]] const int at = ::chdir("/");
  run_guard(3);
  ::_exit(0);
}

template <std::size_t size>
void copy(const std::string& text, std::array<char, size>& into) {
  if (text.size() >= size) throw Error(ErrorKind::failed, "a name that is too long: " + text.substr(0, 64));
  std::memcpy(into.data(), text.data(), text.size());
}

}  // namespace

Guard::Guard() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) posix::throw_errno("socketpair");
  socket_.reset(ends[0]);
  posix::UniqueFd theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) posix::throw_errno("fork");
  if (pid == 0) {
    socket_.reset();  // or the guard would keep its own end of life open
    become_guard(theirs.get());
  }
  // A guard that is late may have all the words of awake() before it.
  const timeval longest{kAnswer.count() / 1000, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  owner_ = owner_of(pid).value_or(Owner{pid, 0});
}

Guard::~Guard() { end(); }

bool Guard::send(GuardOrder order, int socket, int flags) noexcept {
  return socket_ && posix::FdMessage(&order, sizeof order).send(socket_.get(), socket, flags) == sizeof order;
}

void Guard::order(const GuardOrder& order, int socket) {
  const Error gone(ErrorKind::failed, "the process that thaws a container at its limit has ended");
  if (!send(order, socket, 0)) throw gone;
  pollfd answer{socket_.get(), POLLIN, 0};
  char done = 0;
  if (::poll(&answer, 1, static_cast<int>(kAnswer.count())) == 1 && ::recv(socket_.get(), &done, 1, 0) == 1) return;
  // A late answer would be taken for the next one's: what it holds comes to its end, and the session with it.
  ::shutdown(socket_.get(), SHUT_RDWR);
  throw gone;
}

void Guard::watch(const std::string& id, const ControlGroup& group, const Terms& terms) {
  const std::lock_guard lock(mutex_);
  const Watched watched{group, terms};
  watch_locked(id, watched, 0);
  watched_[id] = watched;
}

void Guard::end_after(const std::string& id, pid_t process_group) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(id);
  if (found != watched_.end()) watch_locked(id, found->second, process_group);
}

void Guard::watch_locked(const std::string& id, const Watched& watched, pid_t after) {
  GuardOrder it;
  it.what = GuardOrder::What::watch;
  it.end = watched.terms.end;
  it.version = watched.group.version;
  it.after = after;
  it.while_awake = watched.terms.while_awake;
  it.linger_ns = std::chrono::nanoseconds(watched.terms.linger).count();
  if (watched.terms.limit) it.limit_ns = watched.terms.limit->time_since_epoch().count();
  copy(id, it.id);
  copy(watched.group.path, it.path);
  order(it);
}

void Guard::dismiss(const std::string& id) {
  GuardOrder it;
  it.what = GuardOrder::What::dismiss;
  copy(id, it.id);
  const std::lock_guard lock(mutex_);
  if (watched_.count(id) == 0) return;
  order(it);
  watched_.erase(id);
}

void Guard::sever(const std::string& id, int socket) {
  GuardOrder it;
  it.what = GuardOrder::What::sever;
  copy(id, it.id);
  const std::lock_guard lock(mutex_);
  order(it, socket);
  severed_.insert(id);
}

void Guard::spare(const std::string& id) noexcept {
  try {
    GuardOrder it;
    it.what = GuardOrder::What::spare;
    copy(id, it.id);
    const std::lock_guard lock(mutex_);
    if (severed_.erase(id) != 0) order(it);
  } catch (const std::exception&) {  // no guard, and no copy of it
  }
}

void Guard::awake() noexcept {
  GuardOrder it;
  it.what = GuardOrder::What::awake;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;  // another order is under way, and says as much
  const bool listens = !severed_.empty() || std::any_of(watched_.begin(), watched_.end(),
                                                        [](const auto& each) { return each.second.terms.while_awake; });
  if (listens) send(it, -1, MSG_DONTWAIT);
}

void Guard::end() noexcept {
  const std::lock_guard lock(mutex_);
  if (owner_.guard <= 0) return;
  socket_.reset();
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, owner_.guard, 0));
  pollfd ended{pidfd, POLLIN, 0};
  ::poll(&ended, 1, static_cast<int>(kEnd.count()));
  if (pidfd >= 0) ::close(pidfd);
  int status = -1;
  const bool well = ::waitpid(owner_.guard, &status, WNOHANG) == owner_.guard && WIFEXITED(status);
  if (!well)
    for (const auto& [id, each] : watched_) bring_to_end(each.group, owner_, each.terms.end);
  owner_.guard = -1;
  watched_.clear();
}

}  // namespace ms2m::node
