#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "wrap/amqp/connection_impl.hpp"
#include "wrap/amqp/message_impl.hpp"

namespace ms2m::amqp {
namespace {

/// The library's pseudo frame for "AMQP" + the version that the peer wants instead; named in its private header only.
constexpr std::uint8_t kProtocolHeader = 'A';

/// A broker that announces more than this is not believed.
constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 31;

/// What a frame's properties may take: the frames that the handshake agrees on are not larger.
constexpr std::size_t kMostProperties = 131072;

/// Through the bytes that they had on the wire: amqp_table_clone() has no memory for a header with an empty name, which
/// anybody may publish. `wire` is for this alone, and kept. nullptr: there is no room for them.
std::unique_ptr<Properties::Impl> clone(amqp_basic_properties_t& from, std::string& wire) {
  wire.resize(kMostProperties);
  const int size = amqp_encode_properties(AMQP_BASIC_CLASS, &from, bytes_of(wire));
  if (size < 0) return nullptr;
  auto copy = std::make_unique<Properties::Impl>();
  const amqp_bytes_t kept = copy->keep(std::string_view(wire).substr(0, static_cast<std::size_t>(size)));
  void* decoded = nullptr;
  if (amqp_decode_properties(AMQP_BASIC_CLASS, &copy->pool, kept, &decoded) != AMQP_STATUS_OK) return nullptr;
  copy->values = *static_cast<amqp_basic_properties_t*>(decoded);
  return copy;
}

}  // namespace

void Connection::Impl::on_frame(const amqp_frame_t& frame) {
  switch (frame.frame_type) {
    case AMQP_FRAME_METHOD:
      if (frame.channel == 0)
        on_connection_method(frame.payload.method);
      else
        on_channel_method(frame.payload.method);
      return;
    case AMQP_FRAME_HEADER:
      on_header(frame);
      return;
    case AMQP_FRAME_BODY:
      on_body(frame.payload.body_fragment);
      return;
    case kProtocolHeader:
      lost("the broker does not speak AMQP 0-9-1");
    default:
      return;  // heartbeats
  }
}

void Connection::Impl::on_connection_method(const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_CONNECTION_CLOSE_METHOD: {
      const auto* close = static_cast<const amqp_connection_close_t*>(method.decoded);
      const int code = close->reply_code;
      const std::string text = text_of(close->reply_text);
      amqp_connection_close_ok_t ok{};
      amqp_send_method(state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
      // 403 wrong password, 530 no such vhost or no right to it: another attempt does not help.
      if (logging_in && (code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED)) {
        dead = true;
        throw Error(ErrorKind::forbidden, "the broker refuses the login: " + text,
                    "check user, password and virtual host: --broker, MS2M_BROKER_PASSWORD or the pod's secret");
      }
      lost(fmt::format("closed by the broker: {} {}", code, text));
    }
    case AMQP_CONNECTION_BLOCKED_METHOD:
      blocked = text_of(static_cast<const amqp_connection_blocked_t*>(method.decoded)->reason);
      if (blocked.empty()) blocked = "no reason given";
      if (blocked_flag != nullptr) blocked_flag->store(true);
      return;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      blocked.clear();
      if (blocked_flag != nullptr) blocked_flag->store(false);
      return;
    default:
      if (method.id != expected) lost(fmt::format("unexpected answer {}", amqp_method_name(method.id)));
      answer = method.decoded;
      answered = true;
  }
}

void Connection::Impl::on_channel_method(const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_CHANNEL_CLOSE_METHOD: {
      const auto* close = static_cast<const amqp_channel_close_t*>(method.decoded);
      const int code = close->reply_code;
      std::string text = text_of(close->reply_text);
      reset_channel();
      // The library does not answer; without this the channel number cannot be opened again (504).
      amqp_channel_close_ok_t ok{};
      check(amqp_send_method(state, kChannel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok), "closing a channel");
      throw ChannelClosed(code, std::move(text));
    }
    case AMQP_BASIC_ACK_METHOD: {
      const auto* ack = static_cast<const amqp_basic_ack_t*>(method.decoded);
      settle(ack->delivery_tag, ack->multiple != 0, true);
      return;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto* nack = static_cast<const amqp_basic_nack_t*>(method.decoded);
      settle(nack->delivery_tag, nack->multiple != 0, false);
      return;
    }
    case AMQP_BASIC_CANCEL_METHOD:
      cancelled = true;
      return;
    case AMQP_BASIC_QOS_OK_METHOD:
      if (echoes_awaited > 0) {
        --echoes_awaited;
        ++echoes;
        return;
      }
      break;
    case AMQP_BASIC_DELIVER_METHOD:
    case AMQP_BASIC_RETURN_METHOD:
    case AMQP_BASIC_GET_OK_METHOD:
      on_content_method(method);
      return;
    case AMQP_BASIC_GET_EMPTY_METHOD:
      if (expected != AMQP_BASIC_GET_OK_METHOD) lost("unexpected answer basic.get-empty");
      empty = answered = true;
      return;
    default:
      break;
  }
  if (method.id != expected) lost(fmt::format("unexpected answer {}", amqp_method_name(method.id)));
  answer = method.decoded;
  answered = true;
}

void Connection::Impl::on_content_method(const amqp_method_t& method) {
  content = method.id;
  headed = false;
  partial = Delivery{};
  if (method.id == AMQP_BASIC_DELIVER_METHOD) {
    const auto* deliver = static_cast<const amqp_basic_deliver_t*>(method.decoded);
    partial.tag = deliver->delivery_tag;
    partial.redelivered = deliver->redelivered != 0;
    if (counting) return;
    partial.exchange = text_of(deliver->exchange);
    partial.routing_key = text_of(deliver->routing_key);
  } else if (method.id == AMQP_BASIC_GET_OK_METHOD) {
    const auto* get = static_cast<const amqp_basic_get_ok_t*>(method.decoded);
    partial.tag = get->delivery_tag;
    partial.redelivered = get->redelivered != 0;
    partial.exchange = text_of(get->exchange);
    partial.routing_key = text_of(get->routing_key);
  } else {
    const auto* back = static_cast<const amqp_basic_return_t*>(method.decoded);
    partial_return = Returned{};
    partial_return.code = back->reply_code;
    partial_return.text = text_of(back->reply_text);
    partial_return.exchange = text_of(back->exchange);
    partial_return.routing_key = text_of(back->routing_key);
  }
}

void Connection::Impl::on_header(const amqp_frame_t& frame) {
  if (content == 0 || headed) lost("unexpected content header");
  headed = true;
  missing = frame.payload.properties.body_size;
  if (missing > kMaxBody) lost("a message of impossible size");
  if (content == AMQP_BASIC_DELIVER_METHOD) delivered_bytes += missing;
  const auto properties = [&] {
    auto copy = clone(*static_cast<amqp_basic_properties_t*>(frame.payload.properties.decoded), wire);
    if (!copy) lost("a message with properties of impossible size");
    return Properties(std::move(copy));
  };
  if (content == AMQP_BASIC_RETURN_METHOD)
    partial_return.properties = properties();
  else if (!counting)
    partial.properties = properties();
  if (missing == 0) finish_content();
}

void Connection::Impl::on_body(amqp_bytes_t fragment) {
  if (!headed || fragment.len > missing) lost("unexpected content");
  if (content == AMQP_BASIC_RETURN_METHOD || !counting)
    (content == AMQP_BASIC_RETURN_METHOD ? partial_return.body : partial.body)
        .append(static_cast<const char*>(fragment.bytes), fragment.len);
  missing -= fragment.len;
  if (missing == 0) finish_content();
}

void Connection::Impl::finish_content() {
  const auto kind = std::exchange(content, 0);
  headed = false;
  if (kind == AMQP_BASIC_RETURN_METHOD) {
    returned.push_back(std::move(partial_return));
  } else if (kind == AMQP_BASIC_DELIVER_METHOD) {
    ++delivered;
    if (!counting) deliveries.push_back(std::move(partial));
  } else {
    if (expected != AMQP_BASIC_GET_OK_METHOD) lost("unexpected answer basic.get-ok");
    got = std::move(partial);
    answered = true;
  }
}

void Connection::Impl::settle(std::uint64_t tag, bool multiple, bool taken) {
  if (!taken) refused = true;
  if (multiple)
    unconfirmed.erase(unconfirmed.begin(), tag == 0 ? unconfirmed.end() : unconfirmed.upper_bound(tag));
  else
    unconfirmed.erase(tag);
}

void Connection::Impl::reset_channel() {
  channel_open = cancelled = confirms = refused = headed = false;
  content = 0;
  published = delivered = delivered_bytes = echoes_awaited = echoes = 0;
  unconfirmed.clear();
  deliveries.clear();
  returned.clear();
  got.reset();
}

}  // namespace ms2m::amqp
