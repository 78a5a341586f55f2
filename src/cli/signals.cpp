#include "cli/signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>

namespace ms2m::cli {

namespace {

// A signal handler gets nothing but a number, so what it acts on has to have static storage. These, and the groups of
// end_with_us.cpp, are the program's only ones: set before the handlers are installed, cleared after they are gone, and
// used by them alone.
std::atomic<StopSource*> stop_source{nullptr};
std::atomic<void (*)() noexcept> last_act{nullptr};
std::atomic<int> signals_seen{0};
std::atomic<int> asked_descriptor{-1};
static_assert(std::atomic<StopSource*>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<void (*)() noexcept>::is_always_lock_free);

constexpr std::array kEndSignals{SIGINT, SIGTERM, SIGHUP};

void say(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

extern "C" void on_end_signal(int) {
  const int saved = errno;
  if (signals_seen.fetch_add(1) > 0) {
    say("\nms2m: left at once; 'ms2m list' shows the migration and 'ms2m abort ID' undoes it\n");
    if (auto* act = last_act.load()) act();
    ::_exit(130);
  }
  say("\ninterrupted: undoing what this command has begun; press Ctrl-C again to leave at once\n");
  if (auto* source = stop_source.load()) source->request_stop();
  errno = saved;
}

extern "C" void on_question(int) {
  const int saved = errno;
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(asked_descriptor.load(), &once, sizeof once);
  errno = saved;
}

struct sigaction action_of(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // what blocks watches the stop token's descriptor
  sigemptyset(&action.sa_mask);
  return action;
}

}  // namespace

SignalGuard::SignalGuard(StopSource& source, void (*leaving)() noexcept) {
  last_act.store(leaving);
  signals_seen.store(0);
  stop_source.store(&source);
  const auto install = [this](int signal, void (*handler)(int)) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) return false;
    before_.emplace_back(signal, before);
    const struct sigaction action = action_of(handler);
    ::sigaction(signal, &action, nullptr);
    return true;
  };
  asked_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  asked_descriptor.store(asked_);
  if (asked_ >= 0 && !install(SIGUSR1, on_question)) {
    ::close(asked_);
    asked_ = -1;
  }
  install(SIGPIPE, SIG_IGN);
  for (const int signal : kEndSignals) install(signal, on_end_signal);
}

SignalGuard::~SignalGuard() {
  for (const auto& [signal, before] : before_) ::sigaction(signal, &before, nullptr);
  stop_source.store(nullptr);
  last_act.store(nullptr);
  asked_descriptor.store(-1);
  if (asked_ >= 0) ::close(asked_);
}

}  // namespace ms2m::cli
