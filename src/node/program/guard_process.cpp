#include "node/program/guard_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "node/program/processes.hpp"
#include "wrap/posix/fd_message.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(10);  // with a group that does not come to its end
constexpr std::chrono::nanoseconds kLongest = std::chrono::minutes(10);   // until what must come first has ended
constexpr Millis kAgain{20};
constexpr Millis kHeldUp{200};  // that costs a look at every process

std::int64_t now_ns() { return BootClock::now().time_since_epoch().count(); }

struct Watched {
  ControlGroup group;
  AtEnd end{};
  std::int64_t limit_ns = GuardOrder::kNoLimit;
  pid_t after = 0;
  std::int64_t linger_ns = 0;
  bool while_awake = false;
  std::int64_t held_up_until_ns = 0;  ///< at least
  bool limited() const { return limit_ns != GuardOrder::kNoLimit; }
  bool over(std::int64_t now) const { return limited() && limit_ns <= now; }
  /// What must come first has not ended. When it has, the limit is over now.
  bool held_up(std::int64_t now) {
    if (after == 0) return false;
    if (now < held_up_until_ns) return true;
    if (group_lives(after) && now - limit_ns < kLongest.count()) {
      held_up_until_ns = now + std::chrono::nanoseconds(kHeldUp).count();
      return true;
    }
    after = 0;
    limit_ns = now;
    return false;
  }
};

class Guard {
 public:
  explicit Guard(int socket)
      : socket_(socket),
        owner_(owner_of(::getpid()).value_or(Owner{::getpid(), 0})),
        timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {}

  void run() {
    heard_ = Clock::now();
    for (bool open = true; open;) {
      // One of them may take its time: nobody else waits for that.
      const std::int64_t now = now_ns();
      const std::optional<Millis> again = end_those_over(now);
      set_timer(now);
      std::array<pollfd, 2> fds{pollfd{socket_, POLLIN, 0}, pollfd{timer_.get(), POLLIN, 0}};
      if (::poll(fds.data(), fds.size(), again ? static_cast<int>(again->count()) : patience()) < 0 && errno != EINTR)
        break;
      // What has come while we were stopped ourselves is no silence.
      if (fds[0].revents != 0)
        open = obey();
      else if (listens() && Clock::now() - heard_ >= kGuardSilence)
        silent();
    }
    sever();
    const std::int64_t gone = now_ns();
    for (auto& [id, each] : watched_) {
      const std::int64_t lingered = gone + each.linger_ns;
      if (!each.limited() || lingered < each.limit_ns) each.limit_ns = lingered;
    }
    for (;;) {
      const Millis again = end_those_over(now_ns()).value_or(kAgain);
      if (watched_.empty()) return;
      ::poll(nullptr, 0, static_cast<int>(again.count()));
    }
  }

 private:
  /// Somebody has to be awake.
  bool listens() const {
    return !severed_.empty() ||
           std::any_of(watched_.begin(), watched_.end(), [](const auto& each) { return each.second.while_awake; });
  }

  /// Milliseconds until the program has been silent.
  int patience() const {
    if (!listens()) return -1;
    const auto left = std::chrono::ceil<Millis>(heard_ + kGuardSilence - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void silent() {
    sever();
    for (auto& [id, each] : watched_)
      if (std::exchange(each.while_awake, false)) each.limit_ns = now_ns();
  }

  void sever() {
    for (const auto& [id, each] : severed_) ::shutdown(each.get(), SHUT_RDWR);
    severed_.clear();
  }

  /// False: the program has gone.
  bool obey() {
    GuardOrder order;
    posix::FdMessage message(&order, sizeof order);
    if (message.receive(socket_) != sizeof order) return false;
    heard_ = Clock::now();
    const std::string id = order.id.data();
    switch (order.what) {
      case GuardOrder::What::watch:
        watched_[id] = {{order.path.data(), order.version},
                        order.end,
                        order.limit_ns,
                        order.after,
                        order.linger_ns,
                        order.while_awake};
        break;
      case GuardOrder::What::dismiss:
        watched_.erase(id);
        break;
      case GuardOrder::What::sever: {
        posix::UniqueFd socket = message.fd();
        if (!socket) return true;  // it did not come: that does not count
        severed_[id] = std::move(socket);
        break;
      }
      case GuardOrder::What::spare:
        severed_.erase(id);
        break;
      case GuardOrder::What::awake:
        return true;
    }
    const char done = 1;
    ::send(socket_, &done, 1, MSG_NOSIGNAL);
    return true;
  }

  /// For the first that was not over yet.
  void set_timer(std::int64_t now) {
    itimerspec when{};
    std::int64_t first = GuardOrder::kNoLimit;
    for (const auto& [id, each] : watched_)
      if (each.limited() && !each.over(now) && (first == GuardOrder::kNoLimit || each.limit_ns < first))
        first = each.limit_ns;
    if (first != GuardOrder::kNoLimit)
      when.it_value = {static_cast<time_t>(first / 1'000'000'000), static_cast<long>(first % 1'000'000'000)};
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  }

  /// One of them has not come to its end yet: when to look again.
  std::optional<Millis> end_those_over(std::int64_t now) {
    std::optional<Millis> again;
    for (auto each = watched_.begin(); each != watched_.end();) {
      const auto& [group, end] = std::tie(each->second.group, each->second.end);
      std::int64_t& limit = each->second.limit_ns;
      const bool over = each->second.over(now);
      if (over && each->second.held_up(now)) {
        if (!again) again = kHeldUp;
        ++each;
        continue;
      }
      const Ending step = over ? end_owned(group, owner_, end) : Ending::again;
      if (over && (step == Ending::done || now - limit > kPatience.count())) {
        each = watched_.erase(each);
        continue;
      }
      if (step == Ending::busy) limit = now;  // whoever is stopped in the middle may stay so for long
      if (over) again = kAgain;
      ++each;
    }
    return again;
  }

  const int socket_;
  const Owner owner_;
  const posix::UniqueFd timer_;
  TimePoint heard_;  ///< of the program
  std::map<std::string, Watched> watched_;
  std::map<std::string, posix::UniqueFd> severed_;
};

}  // namespace

void run_guard(int socket) noexcept { Guard(socket).run(); }

}  // namespace ms2m::node
