#include "live/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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
constexpr std::size_t kLongestLine = 4096;
constexpr std::uint64_t kLongestLimit = 86400000;  ///< ms
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

/// Of which migration, and what.
std::optional<std::pair<std::string, Dials::Wish>> wish_in(const Json& line) try {
  if (!line.is_object() || line.at("kind") != "set") return std::nullopt;
  Dials::Wish wish;
  const auto number = [&line](const char* key) -> std::optional<std::uint64_t> {
    const auto found = line.find(key);
    if (found == line.end()) return std::nullopt;
    return found->is_number_unsigned() ? found->get<std::uint64_t>() : throw std::invalid_argument(key);
  };
  if (const auto limit = number("downtime_limit_ms")) wish.downtime_limit = Millis(std::min(*limit, kLongestLimit));
  if (const auto rate = number("bandwidth")) wish.bandwidth = Bytes{*rate};
  return std::pair(line.at("id").get<std::string>(), wish);
} catch (const std::exception&) {
  return std::nullopt;
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
      std::erase_if(listeners_, [&](const Connected& listener) {
        if (send(listener.socket, line)) return false;
        ::shutdown(listener.socket.get(), SHUT_RDWR);  // accept_all() may wait for it, and so keep it open
        return true;
      });
    } catch (...) {
      // Who asks how far it is must not stop it.
    }
  }

 private:
  struct Connected {
    posix::UniqueFd socket;
    std::string text{};  ///< what it has sent, up to a line's end
  };

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
      std::vector<pollfd> fds = {{listening_.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
      {
        const std::lock_guard lock(mutex_);
        for (const Connected& each : listeners_) fds.push_back({each.socket.get(), POLLIN, 0});
      }
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
      try {
        auto next = posix::accept_from(listening_);
        if (!next && (fds[0].revents & POLLIN) != 0) ::poll(&fds[1], 1, kWithoutRoom);
        for (; next; next = posix::accept_from(listening_)) {
          const std::lock_guard lock(mutex_);
          if (listeners_.size() < kMostListeners && send(*next, line_of(state())))
            listeners_.push_back({std::move(*next)});
        }
        for (std::size_t n = 2; n < fds.size(); ++n)
          if (fds[n].revents != 0) hear(fds[n].fd);
      } catch (...) {
        return;
      }
    }
  }

  /// What one has sent. Whoever has gone, or sends what is no line, is let go.
  void hear(int socket) {
    std::string line;
    bool may = false;
    {
      const std::lock_guard lock(mutex_);
      const auto who = find(socket);
      if (who == listeners_.end()) return;
      char buffer[kLongestLine];
      const ssize_t got = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got > 0) who->text.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = who->text.find('\n');
      if (got <= 0 || (end == std::string::npos && who->text.size() > kLongestLine)) {
        listeners_.erase(who);
        return;
      }
      if (end == std::string::npos) return;
      line = who->text.substr(0, end);
      who->text.erase(0, end + 1);
      const auto user = posix::user_of(who->socket);
      may = user && (*user == ::geteuid() || *user == 0);
    }
    const std::string answer = line_of(may ? answer_to(line) : answer_json({false, "this is another user's"}));
    const std::lock_guard lock(mutex_);
    if (const auto who = find(socket); who != listeners_.end() && !send(who->socket, answer)) listeners_.erase(who);
  }

  std::vector<Connected>::iterator find(int socket) {
    return std::find_if(listeners_.begin(), listeners_.end(),
                        [socket](const Connected& each) { return each.socket.get() == socket; });
  }

  static Json answer_json(const Dials::Answer& answer) {
    return {{"schema", report::kSchema},
            {"kind", "answer"},
            {"ok", answer.done},
            {"error", answer.done ? Json() : Json(answer.why)},
            {"remedy", answer.cure.empty() ? Json() : Json(answer.cure)}};
  }

  Json answer_to(const std::string& line) {
    const auto wish = wish_in(Json::parse(line, nullptr, false));
    if (!wish) return answer_json({false, "that was not understood"});
    if (teller_.dials == nullptr)
      return answer_json({false, "ms2m " + teller_.command + " finishes or undoes it: there is nothing to change"});
    const Dials::Answer answer = teller_.dials->turn(wish->first, wish->second);
    if (answer.done) tell_changed(wish->second);
    return answer_json(answer);
  }

  void tell_changed(const Dials::Wish& wish) {
    Event event;
    event.type = Event::Type::note;
    event.text = "changed by ms2m set:";
    if (wish.downtime_limit) event.text += " downtime limit " + std::to_string(wish.downtime_limit->count()) + " ms";
    if (wish.bandwidth)
      event.text += wish.bandwidth->count == 0
                        ? " no limit of bandwidth"
                        : " bandwidth " + std::to_string(wish.bandwidth->count) + " bytes a second";
    on(event);
  }

  const Teller teller_;
  Observer& inner_;
  const fs::path path_;
  const TimePoint began_ = Clock::now();
  const std::string started_ = now_rfc3339();
  posix::UniqueFd listening_;
  StopSource ending_;
  std::mutex mutex_;  ///< of what follows
  std::vector<Connected> listeners_;
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
