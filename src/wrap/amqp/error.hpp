// What goes wrong on an AMQP connection, by what is left of it.
#pragma once
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::amqp {

/// The broker closed the channel (its reply code and text). The connection lives: Connection::open_channel() makes it
/// usable. Kind: 403 {forbidden}, 404 {not_found}, 405 and 406 {conflict}, otherwise {protocol}.
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
