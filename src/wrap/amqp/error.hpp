// What goes wrong on an AMQP connection, by what is left of it.
#pragma once
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::amqp {

/// The broker closed the channel (its reply code and text). The connection lives: Connection::open_channel() makes it
/// usable. Kind: 403 {forbidden}, 405 and 406 {conflict}, otherwise {protocol}. 404 has two meanings: {not_found} only
/// for "no queue 'q' in vhost 'v'" (or exchange, binding); {unavailable} for what exists and could not be asked ("home
/// node ... is down or inaccessible", "failed to perform operation on ... due to timeout"; rabbitmq-facts.md section
/// 12) and for every other text, as none of them says that it is gone.
class ChannelClosed : public Error {
 public:
  ChannelClosed(int code, std::string text);
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// The connection is gone (closed by either side, reset, heartbeat missed). Error{unavailable}: what was under way may
/// or may not have happened; look again on a new connection.
class ConnectionLost : public Error {
 public:
  explicit ConnectionLost(std::string message) : Error(ErrorKind::unavailable, std::move(message)) {}
};

}  // namespace ms2m::amqp
