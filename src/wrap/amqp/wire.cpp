#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "wrap/amqp/connection_impl.hpp"

namespace ms2m::amqp {
namespace {

/// The library looks at heartbeats only when it is called, so no wait is longer than this.
constexpr Millis kHeartbeatSlice{500};

}  // namespace

Connection::Impl::Impl() : state(amqp_new_connection()) {
  if (state == nullptr) throw std::bad_alloc{};
}

Connection::Impl::~Impl() { amqp_destroy_connection(state); }

void Connection::Impl::lost(const std::string& why) {
  dead = true;
  throw ConnectionLost("the connection to the broker is lost: " + why);
}

void Connection::Impl::check(int status, const char* doing) {
  if (status == AMQP_STATUS_OK) return;
  lost(fmt::format("{} ({})", amqp_error_string2(status), doing));
}

void Connection::Impl::require_open() const {
  if (dead) throw ConnectionLost("the connection to the broker is lost");
  if (half_way) throw ConnectionLost("the connection to the broker was left in the middle of a command");
}

bool Connection::Impl::step(Millis wait, const StopToken& stop, const char* doing) {
  const TimePoint until = Clock::now() + wait;
  for (;;) {
    stop.check(doing);
    amqp_maybe_release_buffers(state);
    amqp_frame_t frame;
    const timeval none{0, 0};
    const int status = amqp_simple_wait_frame_noblock(state, &frame, &none);
    if (status == AMQP_STATUS_OK) {
      on_frame(frame);
      return true;
    }
    // TLS may hold bytes that poll() cannot see, but the call above has read until there was nothing.
    if (status != AMQP_STATUS_TIMEOUT) check(status, doing);
    const auto left = std::chrono::ceil<Millis>(until - Clock::now());
    if (left <= Millis{0}) return false;
    pollfd fds[2] = {{amqp_get_sockfd(state), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    ::poll(fds, stop.fd() >= 0 ? 2 : 1, static_cast<int>(stop.remaining(std::min(left, kHeartbeatSlice)).count()));
  }
}

void Connection::Impl::wait_writable(const StopToken& stop, const char* doing) {
  for (;;) {
    pollfd fds[2] = {{amqp_get_sockfd(state), POLLOUT, 0}, {stop.fd(), POLLIN, 0}};
    if (::poll(fds, 1, 0) > 0) return;
    stop.check(doing);
    // A broker with an alarm stops reading: go on listening, for it says so, and for its heartbeats.
    fds[0].events = POLLIN | POLLOUT;
    ::poll(fds, stop.fd() >= 0 ? 2 : 1, static_cast<int>(stop.remaining(kHeartbeatSlice).count()));
    while (step(Millis{0}, stop, doing)) {
    }
  }
}

void Connection::Impl::send(amqp_channel_t channel, amqp_method_number_t method, void* fields, const StopToken& stop,
                            const char* doing) {
  require_open();
  wait_writable(stop, doing);
  check(amqp_send_method(state, channel, method, fields), doing);
}

void* Connection::Impl::call(amqp_channel_t channel, amqp_method_number_t method, void* fields,
                             amqp_method_number_t reply, const StopToken& stop, const char* doing) {
  stop.check(doing);
  send(channel, method, fields, stop, doing);
  return await(reply, stop, doing);
}

void* Connection::Impl::await(amqp_method_number_t reply, const StopToken& stop, const char* doing) {
  expected = reply;
  answered = false;
  answer = nullptr;
  half_way = true;
  while (!answered) {
    try {
      step(Millis{60000}, stop, doing);
    } catch (const ChannelClosed&) {
      half_way = false;
      expected = 0;
      throw;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout || blocked.empty()) throw;
      throw Error(ErrorKind::unavailable, fmt::format("the broker accepts nothing because of an alarm: {}", blocked));
    }
  }
  half_way = false;
  expected = 0;
  return answer;
}

}  // namespace ms2m::amqp
