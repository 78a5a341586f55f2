#include "wrap/amqp/connection.hpp"

#include <fmt/format.h>

#include "wrap/amqp/connection_impl.hpp"
#include "wrap/amqp/message_impl.hpp"
#include "wrap/amqp/socket.hpp"

namespace ms2m::amqp {
namespace {

/// Table entries that borrow from `arguments`.
std::vector<amqp_table_entry_t> entries_of(const Arguments& arguments) {
  std::vector<amqp_table_entry_t> entries;
  for (const auto& [key, value] : arguments) {
    amqp_table_entry_t entry{};
    entry.key = bytes_of(key);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      entry.value.kind = AMQP_FIELD_KIND_I64;
      entry.value.value.i64 = *number;
    } else {
      entry.value.kind = AMQP_FIELD_KIND_UTF8;
      entry.value.value.bytes = bytes_of(std::get<std::string>(value));
    }
    entries.push_back(entry);
  }
  return entries;
}

amqp_table_t table_of(std::vector<amqp_table_entry_t>& entries) {
  return amqp_table_t{static_cast<int>(entries.size()), entries.empty() ? nullptr : entries.data()};
}

}  // namespace

Connection::Connection(const Endpoint& endpoint, const StopToken& stop) : impl_(std::make_unique<Impl>()) {
  open_socket(impl_->state, endpoint, stop);
  // A listener that never answers must not hold us longer than one that does not listen.
  const StopToken limited = stop.within(2 * endpoint.connect_timeout);
  try {
    impl_->log_in(endpoint, limited);
    open_channel(limited);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    stop.check("logging in to the broker");
    throw ConnectionLost(fmt::format("the broker at {}:{} does not answer", endpoint.host, endpoint.port));
  }
}

Connection::~Connection() = default;

const std::string& Connection::server_version() const { return impl_->server_version; }
const std::string& Connection::cluster_name() const { return impl_->cluster_name; }
bool Connection::usable() const { return !impl_->dead && !impl_->half_way; }
const std::string& Connection::blocked() const { return impl_->blocked; }

bool Connection::channel_open() const { return impl_->channel_open; }

void Connection::watch_blocked(std::atomic<bool>* flag) { impl_->blocked_flag = flag; }

void Connection::open_channel(const StopToken& stop) {
  impl_->reset_channel();
  amqp_channel_open_t open{};
  impl_->call(kChannel, AMQP_CHANNEL_OPEN_METHOD, &open, AMQP_CHANNEL_OPEN_OK_METHOD, stop, "opening a channel");
  impl_->channel_open = true;
}

void Connection::close_channel(const StopToken& stop) {
  amqp_channel_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  impl_->call(kChannel, AMQP_CHANNEL_CLOSE_METHOD, &close, AMQP_CHANNEL_CLOSE_OK_METHOD, stop, "closing a channel");
  impl_->channel_open = false;
}

void Connection::close(const StopToken& stop) {
  amqp_connection_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  impl_->call(0, AMQP_CONNECTION_CLOSE_METHOD, &close, AMQP_CONNECTION_CLOSE_OK_METHOD, stop, "closing the connection");
  impl_->dead = true;
}

QueueCount Connection::declare_queue(const std::string& queue, const Arguments& arguments, const StopToken& stop) {
  auto entries = entries_of(arguments);
  amqp_queue_declare_t declare{};
  declare.queue = bytes_of(queue);
  declare.durable = 1;
  declare.arguments = table_of(entries);
  const auto* ok = static_cast<amqp_queue_declare_ok_t*>(impl_->call(
      kChannel, AMQP_QUEUE_DECLARE_METHOD, &declare, AMQP_QUEUE_DECLARE_OK_METHOD, stop, "declaring a queue"));
  return {ok->message_count, ok->consumer_count};
}

QueueCount Connection::inspect_queue(const std::string& queue, const StopToken& stop) {
  amqp_queue_declare_t declare{};
  declare.queue = bytes_of(queue);
  declare.passive = 1;
  const auto* ok = static_cast<amqp_queue_declare_ok_t*>(impl_->call(
      kChannel, AMQP_QUEUE_DECLARE_METHOD, &declare, AMQP_QUEUE_DECLARE_OK_METHOD, stop, "asking for a queue's depth"));
  return {ok->message_count, ok->consumer_count};
}

void Connection::delete_queue(const std::string& queue, const StopToken& stop) {
  amqp_queue_delete_t remove{};
  remove.queue = bytes_of(queue);
  impl_->call(kChannel, AMQP_QUEUE_DELETE_METHOD, &remove, AMQP_QUEUE_DELETE_OK_METHOD, stop, "deleting a queue");
}

std::uint64_t Connection::purge_queue(const std::string& queue, const StopToken& stop) {
  amqp_queue_purge_t purge{};
  purge.queue = bytes_of(queue);
  return static_cast<amqp_queue_purge_ok_t*>(impl_->call(kChannel, AMQP_QUEUE_PURGE_METHOD, &purge,
                                                         AMQP_QUEUE_PURGE_OK_METHOD, stop, "purging a queue"))
      ->message_count;
}

void Connection::declare_exchange(const std::string& exchange, const std::string& type, bool passive,
                                  const StopToken& stop, const Arguments& arguments) {
  auto entries = entries_of(arguments);
  amqp_exchange_declare_t declare{};
  declare.arguments = table_of(entries);
  declare.exchange = bytes_of(exchange);
  declare.type = bytes_of(type);
  declare.passive = passive ? 1 : 0;
  declare.durable = 1;
  impl_->call(kChannel, AMQP_EXCHANGE_DECLARE_METHOD, &declare, AMQP_EXCHANGE_DECLARE_OK_METHOD, stop,
              "declaring an exchange");
}

void Connection::delete_exchange(const std::string& exchange, const StopToken& stop) {
  amqp_exchange_delete_t remove{};
  remove.exchange = bytes_of(exchange);
  impl_->call(kChannel, AMQP_EXCHANGE_DELETE_METHOD, &remove, AMQP_EXCHANGE_DELETE_OK_METHOD, stop,
              "deleting an exchange");
}

void Connection::bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                            const StopToken& stop) {
  amqp_queue_bind_t bind{};
  bind.queue = bytes_of(queue);
  bind.exchange = bytes_of(exchange);
  bind.routing_key = bytes_of(key);
  impl_->call(kChannel, AMQP_QUEUE_BIND_METHOD, &bind, AMQP_QUEUE_BIND_OK_METHOD, stop, "binding a queue");
}

void Connection::unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                              const StopToken& stop) {
  amqp_queue_unbind_t unbind{};
  unbind.queue = bytes_of(queue);
  unbind.exchange = bytes_of(exchange);
  unbind.routing_key = bytes_of(key);
  impl_->call(kChannel, AMQP_QUEUE_UNBIND_METHOD, &unbind, AMQP_QUEUE_UNBIND_OK_METHOD, stop, "unbinding a queue");
}

void Connection::select_confirms(const StopToken& stop) {
  amqp_confirm_select_t select{};
  impl_->call(kChannel, AMQP_CONFIRM_SELECT_METHOD, &select, AMQP_CONFIRM_SELECT_OK_METHOD, stop,
              "selecting publisher confirms");
  impl_->confirms = true;
}

void Connection::select_transactions(const StopToken& stop) {
  amqp_tx_select_t select{};
  impl_->call(kChannel, AMQP_TX_SELECT_METHOD, &select, AMQP_TX_SELECT_OK_METHOD, stop, "selecting transactions");
}

void Connection::commit(const StopToken& stop) {
  amqp_tx_commit_t commit{};
  impl_->call(kChannel, AMQP_TX_COMMIT_METHOD, &commit, AMQP_TX_COMMIT_OK_METHOD, stop, "committing a transaction");
}

void Connection::rollback(const StopToken& stop) {
  amqp_tx_rollback_t rollback{};
  impl_->call(kChannel, AMQP_TX_ROLLBACK_METHOD, &rollback, AMQP_TX_ROLLBACK_OK_METHOD, stop,
              "rolling a transaction back");
}

void Connection::publish(const std::string& exchange, const std::string& key, const Properties& properties,
                         const std::string& body, bool mandatory, const StopToken& stop) {
  const char* const doing = "publishing a message";
  impl_->require_open();
  impl_->wait_writable(stop, doing);
  impl_->check(amqp_basic_publish(impl_->state, kChannel, bytes_of(exchange), bytes_of(key), mandatory ? 1 : 0, 0,
                                  &properties.impl().values, bytes_of(body)),
               doing);
  if (impl_->confirms) impl_->unconfirmed.insert(++impl_->published);
}

void Connection::wait_confirmed(const StopToken& stop) {
  // The numbers stay in the set when this is interrupted, so the connection is left in the middle of something.
  impl_->half_way = true;
  while (!impl_->unconfirmed.empty()) {
    try {
      impl_->step(Millis{60000}, stop, "waiting for the broker's confirmation");
    } catch (const ChannelClosed&) {
      impl_->half_way = false;
      throw;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout || impl_->blocked.empty()) throw;
      throw Error(ErrorKind::unavailable,
                  fmt::format("the broker accepts nothing because of an alarm: {}", impl_->blocked));
    }
  }
  impl_->half_way = false;
  if (std::exchange(impl_->refused, false))
    throw Error(ErrorKind::unavailable, "the broker refused a message (basic.nack)");
}

std::vector<Returned> Connection::take_returned() { return std::exchange(impl_->returned, {}); }

void Connection::set_prefetch(std::uint16_t count, const StopToken& stop) {
  amqp_basic_qos_t qos{};
  qos.prefetch_count = count;
  impl_->call(kChannel, AMQP_BASIC_QOS_METHOD, &qos, AMQP_BASIC_QOS_OK_METHOD, stop, "setting the prefetch");
}

void Connection::consume(const std::string& queue, const Arguments& arguments, const StopToken& stop) {
  auto entries = entries_of(arguments);
  amqp_basic_consume_t consume{};
  consume.queue = bytes_of(queue);
  consume.arguments = table_of(entries);
  impl_->call(kChannel, AMQP_BASIC_CONSUME_METHOD, &consume, AMQP_BASIC_CONSUME_OK_METHOD, stop, "consuming a queue");
}

void Connection::consume_replies(const StopToken& stop) {
  amqp_basic_consume_t consume{};
  const std::string queue = kReplies;
  consume.queue = bytes_of(queue);
  consume.no_ack = 1;
  impl_->call(kChannel, AMQP_BASIC_CONSUME_METHOD, &consume, AMQP_BASIC_CONSUME_OK_METHOD, stop, "consuming replies");
}

std::optional<Delivery> Connection::get(const std::string& queue, const StopToken& stop) {
  amqp_basic_get_t get{};
  get.queue = bytes_of(queue);
  impl_->got.reset();
  impl_->call(kChannel, AMQP_BASIC_GET_METHOD, &get, AMQP_BASIC_GET_OK_METHOD, stop, "getting a message");
  return std::exchange(impl_->got, std::nullopt);
}

void Connection::ack(std::uint64_t tag, bool multiple, const StopToken& stop) {
  amqp_basic_ack_t ack{};
  ack.delivery_tag = tag;
  ack.multiple = multiple ? 1 : 0;
  impl_->send(kChannel, AMQP_BASIC_ACK_METHOD, &ack, stop, "acknowledging a message");
}

void Connection::requeue(std::uint64_t tag, const StopToken& stop) {
  amqp_basic_nack_t nack{};
  nack.delivery_tag = tag;
  nack.requeue = 1;
  impl_->send(kChannel, AMQP_BASIC_NACK_METHOD, &nack, stop, "returning a message");
}

void Connection::send_echo(const StopToken& stop) {
  amqp_basic_qos_t qos{};
  impl_->send(kChannel, AMQP_BASIC_QOS_METHOD, &qos, stop, "asking for an echo");
  ++impl_->echoes_awaited;
}

std::uint64_t Connection::echoes() const { return impl_->echoes; }

std::deque<Delivery>& Connection::deliveries() { return impl_->deliveries; }
void Connection::count_only() { impl_->counting = true; }
std::uint64_t Connection::delivered() const { return impl_->delivered; }
Bytes Connection::delivered_bytes() const { return {impl_->delivered_bytes}; }
bool Connection::consumer_cancelled() const { return impl_->cancelled; }

bool Connection::receive(Millis wait, std::size_t most, const StopToken& stop) {
  const char* const doing = "waiting for messages";
  impl_->require_open();
  if (!impl_->step(wait, stop, doing)) return false;
  // The frames are counted too: a flood must not keep the caller from looking at what it has.
  for (std::size_t frames = 1; frames < 4 * most && impl_->deliveries.size() < most; ++frames)
    if (!impl_->step(Millis{0}, stop, doing)) break;
  return true;
}

}  // namespace ms2m::amqp
