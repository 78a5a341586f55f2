#include "live/reader.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "live/place.hpp"
#include "ms2m/error.hpp"
#include "wrap/posix/local_socket.hpp"

namespace ms2m::live {
namespace {

constexpr std::size_t kLongest = 1 << 20;
constexpr const char* kDoing = "waiting for another ms2m to tell how far it is";

class Reader final : public Listener {
 public:
  Reader(posix::UniqueFd socket, long pid) : socket_(std::move(socket)), pid_(pid) {}

  long pid() const override { return pid_; }

  std::optional<Json> next(const StopToken& stop) override {
    if (!socket_) throw Error(ErrorKind::timeout, std::string("timed out ") + kDoing);  // it takes nobody
    for (;;) {
      if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
        Json line = Json::parse(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
        text_.erase(0, end + 1);
        if (line.is_object()) return line;
        continue;
      }
      if (text_.size() > kLongest || !more(stop)) return std::nullopt;
    }
  }

  bool say(const Json& line) override {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    return socket_ && ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                          static_cast<ssize_t>(text.size());
  }

 private:
  bool more(const StopToken& stop) {
    for (;;) {
      stop.check(kDoing);
      pollfd fds[] = {{socket_.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
      const int ready = ::poll(fds, 2, static_cast<int>(stop.remaining(Millis{1000}).count()));
      if (ready < 0 && errno != EINTR) posix::throw_errno("poll");
      if (ready <= 0 || fds[0].revents == 0) continue;
      char buffer[4096];
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return false;
      text_.append(buffer, static_cast<std::size_t>(got));
      return true;
    }
  }

  posix::UniqueFd socket_;
  const long pid_;
  std::string text_;
};

}  // namespace

std::vector<std::unique_ptr<Listener>> listen_to_all(const std::filesystem::path& directory) {
  std::vector<std::unique_ptr<Listener>> all;
  for (const Socket& each : sockets_in(directory)) {
    try {
      if (auto socket = posix::connect_to(each.path))
        all.push_back(std::make_unique<Reader>(std::move(*socket), each.pid));
    } catch (const Error&) {
      // Not a socket, or not ours.
    }
  }
  return all;
}

}  // namespace ms2m::live
