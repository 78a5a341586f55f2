#include "wrap/tls/moving.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <string>

#include "ms2m/error.hpp"
#include "wrap/posix/unique_fd.hpp"
#include "wrap/tls/stream.hpp"

namespace ms2m::tls {

void wait_for(int socket, Want want, const StopToken& stop, const char* doing) {
  const TimePoint limit = Clock::now() + Stream::kStill;
  const short events = want == Want::writable ? POLLOUT : POLLIN;
  for (;;) {
    stop.check(doing);
    const auto left = std::chrono::ceil<Millis>(limit - Clock::now());
    if (left.count() <= 0)
      throw Error(ErrorKind::unavailable,
                  std::string(doing) + ": nothing moved for " + std::to_string(Stream::kStill.count() / 1000) + " s");
    std::array<pollfd, 2> fds{{{socket, events, 0}, {stop.fd(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(left).count())) < 0 && errno != EINTR)
      posix::throw_errno("poll");
    if (fds[0].revents != 0) return;
  }
}

}  // namespace ms2m::tls
