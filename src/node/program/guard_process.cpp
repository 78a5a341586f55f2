#include "node/program/guard_process.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

struct Watched {
  ControlGroup group;
  AtEnd end{};
  std::int64_t limit_ns = GuardOrder::kNoLimit;
  bool limited() const { return limit_ns != GuardOrder::kNoLimit; }
};

class Guard {
 public:
  explicit Guard(int socket) : socket_(socket), timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {}

  void run() {
    for (bool open = true; open;) {
      set_timer();
      std::array<pollfd, 2> fds{pollfd{socket_, POLLIN, 0}, pollfd{timer_.get(), POLLIN, 0}};
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
      if (fds[0].revents != 0) open = obey();
      end_those_over();
    }
    for (const AtEnd end : {AtEnd::thaw, AtEnd::kill})
      for (const auto& [id, each] : watched_)
        if (each.end == end) bring_to_end(each.group, end);
  }

 private:
  /// False: the program has gone.
  bool obey() {
    GuardOrder order;
    const auto got = ::recv(socket_, &order, sizeof order, 0);
    if (got < 0 && errno == EINTR) return true;
    if (got != sizeof order) return false;
    if (order.what == GuardOrder::What::watch)
      watched_[order.id.data()] = {{order.path.data(), order.version}, order.end, order.limit_ns};
    else
      watched_.erase(order.id.data());
    const char done = 1;
    ::send(socket_, &done, 1, MSG_NOSIGNAL);
    return true;
  }

  void set_timer() {
    itimerspec when{};
    std::int64_t first = GuardOrder::kNoLimit;
    for (const auto& [id, each] : watched_)
      if (each.limited() && (first == GuardOrder::kNoLimit || each.limit_ns < first)) first = each.limit_ns;
    if (first != GuardOrder::kNoLimit) {
      first = std::max<std::int64_t>(first, 1);  // 0 would switch it off
      when.it_value = {static_cast<time_t>(first / 1'000'000'000), static_cast<long>(first % 1'000'000'000)};
    }
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void end_those_over() {
    const auto now = BootClock::now().time_since_epoch().count();
    for (auto each = watched_.begin(); each != watched_.end();) {
      if (!each->second.limited() || each->second.limit_ns > now) {
        ++each;
        continue;
      }
      bring_to_end(each->second.group, each->second.end);
      each = watched_.erase(each);
    }
  }

  const int socket_;
  const posix::UniqueFd timer_;
  std::map<std::string, Watched> watched_;
};

}  // namespace

void run_guard(int socket) noexcept { Guard(socket).run(); }

}  // namespace ms2m::node
