#include "wrap/amqp/error.hpp"

#include <utility>

namespace ms2m::amqp {
namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 405:
    case 406:
      return ErrorKind::conflict;
    default:
      return ErrorKind::protocol;
  }
}

}  // namespace

ChannelClosed::ChannelClosed(int code, std::string text) : Error(kind_of(code), std::move(text)), code_(code) {}

}  // namespace ms2m::amqp
