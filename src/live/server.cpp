#include "live/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "live/place.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"
#include "report/event_json.hpp"
#include "report/outcome_report.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/local_socket.hpp"

namespace ms2m::live {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostListeners = 16;
constexpr int kWithoutRoom = 1000;  ///< ms, when the process has no descriptors left: who waits stays in the queue

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// Of processes that were killed. One that cannot be asked is somebody's.
void remove_dead(const fs::path& directory) {
  for (const Socket& socket : sockets_in(directory)) try {
      std::error_code ignored;
      if (!posix::connect_to(socket.path)) fs::remove(socket.path, ignored);
    } catch (const Error&) {
    }
}

class Server final : public Observer {
 public:
  Server(const fs::path& directory, Teller teller, Observer& inner)
      : teller_(std::move(teller)), inner_(inner), path_(new_socket(directory)) {
    try {
      posix::make_private_directories(directory);
      remove_dead(directory);
      listening_ = posix::listen_at(path_);
      accepting_ = std::thread([this] { accept_all(); });
    } catch (const std::exception&) {
      listening_.reset();
    }
  }

  ~Server() override {
    if (!accepting_.joinable()) return;
    ending_.request_stop();
    accepting_.join();
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

  void on(const Event& event) noexcept override {
    inner_.on(event);
    try {
      const std::lock_guard lock(mutex_);
      note(event);
      if (listeners_.empty()) return;
      const std::string line = line_of(report::event_json(event, Clock::now() - began_));
      std::erase_if(listeners_, [&](const posix::UniqueFd& listener) { return !send(listener, line); });
    } catch (...) {
      // Who asks how far it is must not stop it.
    }
  }

 private:
  void note(const Event& event) {
    switch (event.type) {
      case Event::Type::phase_started:
        phase_ = event.phase;
        phase_began_ = Clock::now();
        progress_.reset();
        break;
      case Event::Type::progress:
        progress_ = event;
        break;
      case Event::Type::step:
      case Event::Type::detail:
      case Event::Type::undo:
        text_ = event.text;
        break;
      default:
        break;
    }
  }

  Json state() const {
    Json state{{"schema", report::kSchema},
               {"kind", "state"},
               {"command", teller_.command},
               {"id", teller_.migration.empty() ? Json() : Json(teller_.migration)},
               {"pod", teller_.pod.empty() ? Json() : Json(teller_.pod)},
               {"pid", ::getpid()},
               {"started", started_},
               {"at_s", report::seconds_json(Clock::now() - began_)},
               {"phase", phase_ ? Json(to_string(*phase_)) : Json()},
               {"phase_s", phase_ ? report::seconds_json(Clock::now() - phase_began_) : Json()},
               {"text", text_},
               {"bytes", nullptr},
               {"total_bytes", nullptr}};
    if (progress_) state["bytes"] = progress_->done.count;
    if (progress_ && progress_->total) state["total_bytes"] = progress_->total->count;
    return state;
  }

  /// All of it or nothing: a listener that got a part of a line is let go.
  static bool send(const posix::UniqueFd& listener, const std::string& line) {
    return ::send(listener.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(line.size());
  }

  void accept_all() noexcept {
    const StopToken stop = ending_.token();
    while (!stop.stop_requested()) {
      pollfd fds[] = {{listening_.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
      try {
        auto next = posix::accept_from(listening_);
        if (!next && (fds[0].revents & POLLIN) != 0) ::poll(&fds[1], 1, kWithoutRoom);
        for (; next; next = posix::accept_from(listening_)) {
          const std::lock_guard lock(mutex_);
          if (listeners_.size() < kMostListeners && send(*next, line_of(state())))
            listeners_.push_back(std::move(*next));
        }
      } catch (...) {
        return;
      }
    }
  }

  const Teller teller_;
  Observer& inner_;
  const fs::path path_;
  const TimePoint began_ = Clock::now();
  const std::string started_ = now_rfc3339();
  posix::UniqueFd listening_;
  StopSource ending_;
  std::mutex mutex_;  ///< of what follows
  std::vector<posix::UniqueFd> listeners_;
  std::optional<Phase> phase_;
  TimePoint phase_began_;
  std::optional<Event> progress_;
  std::string text_;
  std::thread accepting_;
};

}  // namespace

std::unique_ptr<Observer> make_server(const fs::path& directory, const Teller& teller, Observer& inner) {
  return std::make_unique<Server>(directory, teller, inner);
}

}  // namespace ms2m::live
