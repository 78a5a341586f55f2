// librabbitmq's headers: the old names (up to 0.11) or the new ones (from 0.12). Only for .cpp files of this folder.
#pragma once
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include <string>
#include <string_view>

namespace ms2m::amqp {

/// Borrows: the text must outlive the call.
inline amqp_bytes_t bytes_of(std::string_view text) noexcept {
  amqp_bytes_t bytes;
  bytes.len = text.size();
  bytes.bytes = const_cast<char*>(text.data());
  return bytes;
}

inline std::string text_of(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string{} : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
}

}  // namespace ms2m::amqp
