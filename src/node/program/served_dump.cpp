#include "node/program/served_dump.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>

#include "ms2m/error.hpp"
#include "node/program/network_lock.hpp"
#include "node/runtime/criu_settings.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::node {
namespace {

/// criu/include/page-pipe.h, PIPE_MAX_SIZE: CRIU goes on without it, and fails at the first page.
constexpr int kPipe = 4 << 20;
constexpr std::chrono::seconds kMending{20};

void check_pipes() {
  const posix::Pipe pipe = posix::make_pipe();
  if (::fcntl(pipe.read.get(), F_SETPIPE_SZ, kPipe) >= kPipe) return;
  throw Error(ErrorKind::refused, "CRIU cannot serve pages here: this node does not let it have pipes of 4 MiB",
              "sysctl fs.pipe-max-size=4194304 fs.pipe-user-pages-soft=0");
}

/// By a thread of its own, which alone sees the settings.
std::unique_ptr<Checkpointing> start(const ServedDump::What& what, const std::vector<int>& inherited) {
  std::unique_ptr<Checkpointing> started;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      put_in_place_of(what.criu_file, what.own_file);
      started = std::make_unique<Checkpointing>(what.argv, inherited);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return started;
}

}  // namespace

ServedDump::ServedDump(std::unique_ptr<Standing> standing, What what, Guard& guard)
    : standing_(std::move(standing)), what_(std::move(what)), guard_(guard), began_(BootClock::now()) {
  check_pipes();
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) posix::throw_errno("socketpair");
  ours_.reset(ends[0]);
  theirs_.reset(ends[1]);
  // CRIU waits for whoever reads less often.
  ::setsockopt(theirs_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kPipe, sizeof kPipe);
}

ServedDump::~ServedDump() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  if (limit_.joinable()) limit_.join();
  try {
    end();
  } catch (const std::exception&) {  // no memory: the guard sees to the container
  }
}

void ServedDump::watch() noexcept {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, what_.limit, [&] { return over_; })) return;
  lock.unlock();
  try {
    end();
  } catch (const std::exception&) {  // as above
  }
}

std::uint64_t ServedDump::milliseconds() const {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(BootClock::now() - began_).count());
}

bool ServedDump::begin(const std::function<void(pid_t)>& began, const StopToken& stop) {
  posix::Pipe ready = posix::make_pipe();
  posix::write_file_atomically(
      what_.own_file, criu_settings_with(what_.criu_file, {"lazy-pages", "ps-socket " + std::to_string(theirs_.get()),
                                                           "status-fd " + std::to_string(ready.write.get())}));
  guard_.sever(what_.id, ours_.get());
  checkpointing_ = start(what_, {theirs_.get(), ready.write.get()});
  began(checkpointing_->group());
  theirs_.reset();
  ready.write.reset();
  if (!checkpointing_->await(ready.read.get(), stop)) return false;
  limit_ = std::thread([this] { watch(); });
  return true;
}

void ServedDump::close() noexcept { ::shutdown(ours_.get(), SHUT_RDWR); }

Checkpointed ServedDump::end() {
  close();
  const std::lock_guard lock(ending_);
  if (done_) return *done_;
  done_ = {{1, 0}, ""};
  StopSource now;  // it has nothing more to wait for
  now.request_stop();
  guard_.spare(what_.id);
  if (checkpointing_) done_ = checkpointing_->finish(now.token());
  if (!done_->status.ok()) open_locked_network(what_.init, StopToken().within(kMending));
  standing_.reset();
  return *done_;
}

}  // namespace ms2m::node
