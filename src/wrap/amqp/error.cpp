#include "wrap/amqp/error.hpp"

#include <string_view>

namespace ms2m::amqp {
namespace {

/// "NOT_FOUND - no queue 'q' in vhost '/'", and the same for exchange, binding and vhost.
bool says_gone(std::string_view text) {
  constexpr std::string_view kPrefix = "NOT_FOUND - ", kGone = "no ";
  if (text.substr(0, kPrefix.size()) == kPrefix) text.remove_prefix(kPrefix.size());
  return text.substr(0, kGone.size()) == kGone;
}

ErrorKind kind_of(int code, std::string_view text) {
  switch (code) {
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return says_gone(text) ? ErrorKind::not_found : ErrorKind::unavailable;
    case 405:
    case 406:
      return ErrorKind::conflict;
    default:
      return ErrorKind::protocol;
  }
}

}  // namespace

ChannelClosed::ChannelClosed(int code, std::string text) : Error(kind_of(code, text), text), code_(code) {}

}  // namespace ms2m::amqp
