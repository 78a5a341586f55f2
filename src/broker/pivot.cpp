#include "broker/pivot.hpp"

#include <fmt/format.h>

#include "broker/dead_man.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kCommitLimit{10};

void require_queues(amqp::Connection& connection, const std::vector<Outgoing>& messages, const StopToken& stop) {
  for (const auto& each : messages)
    if (each.exchange.empty()) connection.inspect_queue(each.routing_key, stop);
}

/// Every message in the dead man's queue, held. More than one is left only by a broker that crashed inside a renewal.
std::vector<amqp::Delivery> take_all(amqp::Connection& connection, const std::string& queue, const StopToken& stop) {
  std::vector<amqp::Delivery> taken;
  try {
    while (auto one = connection.get(queue, stop)) taken.push_back(std::move(*one));
  } catch (const amqp::ChannelClosed& closed) {
    if (closed.kind() != ErrorKind::not_found) throw;  // it may still be there, and fire
    taken.clear();                                     // no queue: never armed, or cleaned up
  }
  return taken;
}

void commit(amqp::Connection& connection, std::uint64_t last, std::size_t count) {
  const StopToken limited = StopToken{}.within(kCommitLimit);
  try {
    connection.ack(last, count > 1, limited);
    connection.commit(limited);
  } catch (const Error& error) {
    throw Error(
        ErrorKind::unavailable,
        fmt::format(
            "the pivot's transaction was sent and not answered, so it has happened completely or not at all ({})",
            error.message()));
  }
}

[[noreturn]] void put_back(amqp::Connection& connection, const std::string& queue, const amqp::Delivery& message,
                           const std::string& unroutable) {
  const StopToken limited = StopToken{}.within(kCommitLimit);
  connection.publish("", queue, message.properties, message.body, true, limited);
  connection.commit(limited);
  throw Error(ErrorKind::not_found,
              fmt::format("queue '{}' vanished inside the pivot; the dead man's switch was set again", unroutable));
}

}  // namespace

PivotResult carry_out_pivot(amqp::Connection& connection, const std::string& dead_man_queue, const DeadManState* state,
                            const std::vector<Outgoing>& messages, const StopToken& stop) {
  std::vector<amqp::Delivery> taken;
  try {
    require_queues(connection, messages, stop);
    connection.select_transactions(stop);
    for (const auto& each : messages)
      connection.publish(each.exchange, each.routing_key,
                         amqp::Properties::make(each.content_type, each.message_id, true), each.body, true, stop);
    taken = take_all(connection, dead_man_queue, stop);
  } catch (const amqp::ConnectionLost& lost) {
    throw Error(ErrorKind::unavailable, fmt::format("before the pivot, nothing was published: {}", lost.message()));
  } catch (const amqp::ChannelClosed& closed) {
    if (closed.kind() != ErrorKind::unavailable) throw;
    throw Error(ErrorKind::unavailable,
                fmt::format("unknown: before the pivot, nothing was published: {}", closed.message()));
  }
  // What this process put in is known: anything else means that the message we renewed last has expired.
  const bool expected =
      state == nullptr || (!taken.empty() && taken.front().properties.message_id() == state->current());
  if (taken.empty() || !expected || (state != nullptr && state->latched.load())) return PivotResult::fired;
  stop.check("at the pivot");
  commit(connection, taken.back().tag, taken.size());
  if (const auto returned = connection.take_returned(); !returned.empty())
    put_back(connection, dead_man_queue, taken.back(), returned.front().routing_key);
  return PivotResult::done;
}

}  // namespace ms2m
