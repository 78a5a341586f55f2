#include "node/session/agent_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <array>

#include "ms2m/json.hpp"
#include "node/protocol/agent_paths.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr Millis kAgain{200};
constexpr int kPipeBytes = static_cast<int>(kAgentBody);
constexpr int kGone = 410;

void wait_for(int fd, short events, const StopToken& stop) {
  std::array<pollfd, 2> fds{{{fd, events, 0}, {stop.fd(), POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), -1);
  stop.check("");
}

/// How the program ended, by the agent's word.
Error end_of_program(const std::string& node, const std::string& body) {
  const Json told = Json::parse(body, nullptr, false);
  const auto text = [&](const char* key) {
    const Json value = told.is_object() ? told.value(key, Json()) : Json();
    return value.is_string() ? value.get<std::string>() : "";
  };
  const std::string status = text("end"), said = text("said");
  return Error(ErrorKind::unavailable,
               fmt::format("the node program on node {} ended: {}", node, said.empty() ? status : said));
}

}  // namespace

AgentLine::AgentLine(std::string node, std::string id, AgentRequest request, AgentTerms terms)
    : node_(std::move(node)), id_(std::move(id)), request_(std::move(request)), terms_(std::move(terms)) {
  posix::Pipe down = posix::make_pipe(), up = posix::make_pipe();
  for (const auto* end : {&down.read, &down.write, &up.read, &up.write}) {
    posix::set_nonblocking(end->get());
    ::fcntl(end->get(), F_SETPIPE_SZ, kPipeBytes);
  }
  in = std::move(up.write);
  from_session_ = std::move(up.read);
  out = std::move(down.read);
  to_session_ = std::move(down.write);
  sender_ = std::thread([this] { run(&AgentLine::send_loop); });
  receiver_ = std::thread([this] { run(&AgentLine::receive_loop); });
}

AgentLine::~AgentLine() {
  stop_.request_stop();
  sender_.join();
  receiver_.join();
}

void AgentLine::wait_for_end(Millis limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return ended_; });
}

Error AgentLine::cause(const std::string&) {
  const std::lock_guard lock(mutex_);
  return cause_ ? *cause_ : Error(ErrorKind::unavailable, "the session with the agent on node " + node_ + " broke");
}

/// The first that ends with a cause ends the other; the receiver's end is the line's.
void AgentLine::run(void (AgentLine::*loop)()) noexcept {
  const posix::SigpipeGuard guard;
  try {
    (this->*loop)();
  } catch (const Cancelled&) {
  } catch (const Error& error) {
    conclude(error);
    stop_.request_stop();
  } catch (const std::exception& error) {
    conclude(Error(ErrorKind::failed, error.what()));
    stop_.request_stop();
  }
  if (loop != &AgentLine::receive_loop) return;
  stop_.request_stop();
  to_session_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void AgentLine::conclude(const Error& cause) {
  const std::lock_guard lock(mutex_);
  if (!cause_) cause_ = cause;
}

std::string AgentLine::path(const std::string& rest) const { return "/v1/sessions/" + id_ + rest; }

AgentAnswer AgentLine::ask(const AgentCall& call) {
  const StopToken stop = stop_.token();
  for (const TimePoint begun = Clock::now();;) {
    try {
      return request_(call, stop);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || Clock::now() - begun >= terms_.silence) throw;
    }
    stop.sleep(kAgain, "asking the agent again");
  }
}

Error AgentLine::unexpected(const AgentAnswer& answer) const {
  if (answer.status == 404)
    return Error(ErrorKind::unavailable,
                 fmt::format("the agent on node {} does not know the session any more: it was started anew, or heard "
                             "nothing for {:.1f} s",
                             node_, std::chrono::duration<double>(terms_.silence).count()),
                 terms_.by_hand);
  return Error(ErrorKind::protocol,
               fmt::format("the agent on node {} answers with HTTP {}: {}", node_, answer.status, answer.body));
}

void AgentLine::send_loop() {
  std::string bytes(kAgentBody, '\0');
  for (;;) {
    wait_for(from_session_.get(), POLLIN, stop_.token());
    const std::size_t got = posix::read_some(from_session_, bytes);
    if (got > 0 && !send(std::string_view(bytes).substr(0, got))) return;
    if (from_session_) continue;
    ask({"POST", path("/end"), terms_.owner});
    return;
  }
}

bool AgentLine::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const AgentAnswer answer = ask({"POST", path(fmt::format("/in?at={}", sent_)), terms_.owner, std::string(bytes)});
    if (answer.status == kGone) return false;  // the receiver hears why
    const Json told = answer.status == 200 ? Json::parse(answer.body, nullptr, false) : Json();
    const Json taken = told.is_object() ? told.value("taken", Json()) : Json();
    if (!taken.is_number_unsigned()) throw unexpected(answer);
    const auto until = taken.get<std::uint64_t>();
    if (until < sent_ || until - sent_ > bytes.size()) throw unexpected(answer);
    bytes.remove_prefix(static_cast<std::size_t>(until - sent_));
    sent_ = until;
  }
  return true;
}

void AgentLine::receive_loop() {
  for (;;) {
    const AgentAnswer answer = ask({"GET", path(fmt::format("/out?at={}", received_)), terms_.owner});
    if (answer.status == kGone) throw end_of_program(node_, answer.body);
    if (answer.status != 200) throw unexpected(answer);
    hand_over(answer.body);
    received_ += answer.body.size();
  }
}

void AgentLine::hand_over(std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    if (!posix::write_some(to_session_, bytes, done)) throw Cancelled();
    if (done < bytes.size()) wait_for(to_session_.get(), POLLOUT, stop_.token());
  }
}

}  // namespace ms2m::node
