#include "wrap/posix/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "ms2m/error.hpp"

extern char** environ;

namespace ms2m::posix {

std::string ExitStatus::text() const {
  return signal != 0 ? "killed by signal " + std::to_string(signal) : "exit status " + std::to_string(code);
}

namespace {

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  void dup(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void null(int to) { check(::posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", O_RDWR, 0)); }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw std::bad_alloc();
  }
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  explicit Attributes(bool own_group) {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    const int group = own_group ? POSIX_SPAWN_SETPGROUP : 0;
    ::posix_spawnattr_setflags(&attributes_,
                               static_cast<short>(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<std::string> environment(const std::vector<std::pair<std::string, std::string>>& extra,
                                     const std::vector<std::string>& without) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    bool replaced = false;  // or left out
    for (const auto& [key, value] : extra) replaced |= text.compare(0, key.size() + 1, key + "=") == 0;
    for (const auto& key : without) replaced |= text.compare(0, key.size() + 1, key + "=") == 0;
    if (!replaced) all.push_back(text);
  }
  for (const auto& [key, value] : extra) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& text : strings) out.push_back(const_cast<char*>(text.c_str()));  // execve's signature lacks const
  out.push_back(nullptr);
  return out;
}

}  // namespace

Child::Child(const ProcessSpec& spec) : own_group_(spec.own_group) {
  if (spec.argv.empty()) throw Error(ErrorKind::failed, "no program given");
  FileActions actions;
  Pipe in_pipe;
  Pipe err_pipe;
  Pipe out_pipe = make_pipe();
  actions.dup(out_pipe.write.get(), 1);
  if (spec.in == ProcessSpec::Stream::pipe) {
    in_pipe = make_pipe();
    actions.dup(in_pipe.read.get(), 0);
  } else if (spec.in == ProcessSpec::Stream::null) {
    actions.null(0);
  }
  if (spec.err == ProcessSpec::Stream::pipe) {
    err_pipe = make_pipe();
    actions.dup(err_pipe.write.get(), 2);
  } else if (spec.err == ProcessSpec::Stream::null) {
    actions.null(2);
  }
  const Attributes attributes(spec.own_group);
  const auto env = environment(spec.env, spec.without);
  const int error = ::posix_spawnp(&pid_, spec.argv[0].c_str(), actions.get(), attributes.get(),
                                   pointers(spec.argv).data(), pointers(env).data());
  if (error != 0) {
    pid_ = -1;
    throw Error(error == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
                "cannot run " + spec.argv[0] + ": " + std::generic_category().message(error));
  }
  // By number: the header of glibc 2.36 declares the function without C linkage.
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  in = std::move(in_pipe.write);
  out = std::move(out_pipe.read);
  err = std::move(err_pipe.read);
  try {
    if (!pidfd_) throw_errno("pidfd_open");
    for (const UniqueFd* fd : {&in, &out, &err})
      if (*fd) set_nonblocking(fd->get());
  } catch (...) {
    end(Millis{0});
    throw;
  }
}

Child::~Child() {
  if (pid_ > 0 && !status_) end(Millis{0});
}

std::optional<ExitStatus> Child::try_wait() {
  if (status_ || pid_ <= 0) return status_;
  int raw = 0;
  pid_t got;
  do got = ::waitpid(pid_, &raw, WNOHANG);
  while (got < 0 && errno == EINTR);
  if (got == pid_) {
    if (WIFSIGNALED(raw)) {
      status_ = ExitStatus{0, WTERMSIG(raw)};
    } else {
      status_ = ExitStatus{WEXITSTATUS(raw), 0};
    }
  } else if (got < 0) {
    status_ = ExitStatus{127, 0};  // somebody else reaped it; its status is lost, and that is not a success
  }
  return status_;
}

std::optional<ExitStatus> Child::wait_for(Millis limit) {
  const TimePoint end = Clock::now() + limit;
  while (!try_wait()) {
    const auto left = std::chrono::ceil<Millis>(end - Clock::now());
    if (left <= Millis{0}) break;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (pidfd_)
      ::poll(&ended, 1, static_cast<int>(left.count()));
    else
      ::poll(nullptr, 0, 1);
  }
  return status_;
}

void Child::signal_group(int signal) noexcept {
  // The group outlives its leader while one member lives, so that its number cannot be taken by somebody else before
  // the leader is reaped; after that only a group that still has members is hit.
  if (pid_ > 0 && own_group_) ::kill(-pid_, signal);
  if (pid_ > 0 && !own_group_ && !status_) ::kill(pid_, signal);
}

ExitStatus Child::end(Millis grace) noexcept {
  if (!status_ && grace > Millis{0}) {
    signal_group(SIGTERM);
    wait_for(grace);
  }
  if (status_) return *status_;
  signal_group(SIGKILL);
  while (!status_) wait_for(Millis{1000});
  return *status_;
}

}  // namespace ms2m::posix
