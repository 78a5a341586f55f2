#include "broker/give_back.hpp"

#include <fmt/format.h>

#include <vector>

#include "broker/way_back.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::uint16_t kBatch = 50;
constexpr Millis kEcho{1000};
constexpr std::chrono::seconds kPutBackLimit{10};

/// What no queue took has been acknowledged with the rest: back to where it was.
[[noreturn]] void put_back(amqp::Connection& connection, std::vector<amqp::Returned> unrouted, const std::string& from,
                           const std::string& to) {
  const StopToken limited = StopToken{}.within(kPutBackLimit);
  WayBack way(connection, "", from, limited);
  for (auto& each : unrouted) way.publish(each.routing_key, each.properties, each.body, limited);
  connection.commit(limited);
  throw Error(ErrorKind::not_found, fmt::format("queue '{}' vanished while messages went back to it", to));
}

/// Whether anything is left in it, or on its way here: a channel may answer for the queue before it has passed on what
/// the queue had sent it, but not the echo.
bool more(amqp::Connection& connection, const std::string& from, const StopToken& stop) {
  const bool ready = connection.inspect_queue(from, stop).messages > 0;
  const auto before = connection.echoes();
  connection.send_echo(stop);
  while (connection.echoes() == before) connection.receive(kEcho, 2 * kBatch, stop);
  return ready || !connection.deliveries().empty();
}

}  // namespace

std::uint64_t give_back(amqp::Connection& connection, const std::string& user, const std::string& from,
                        const std::string& to, const std::string& way_back, const StopToken& stop) {
  connection.inspect_queue(to, stop);
  connection.select_transactions(stop);
  WayBack way(connection, way_back, to, stop);
  connection.set_prefetch(kBatch, stop);
  connection.consume(from, {}, stop);
  auto& waiting = connection.deliveries();
  std::uint64_t moved = 0;
  while (more(connection, from, stop)) {
    stop.check("moving the messages of " + from + " to " + to);
    if (waiting.empty()) continue;
    const std::size_t count = waiting.size();
    for (std::size_t i = 0; i < count; ++i) {
      // No reference over publish(): it may read, and a deque that grows keeps references but not positions.
      amqp::Delivery& each = waiting[i];
      if (const auto own = each.properties.user_id(); !own.empty() && own != user) each.properties.drop_user_id();
      way.publish(each.routing_key, each.properties, each.body, stop);
    }
    connection.ack(waiting[count - 1].tag, true, stop);
    connection.commit(stop);
    auto unrouted = connection.take_returned();
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
    moved += count - unrouted.size();
    if (!unrouted.empty()) put_back(connection, std::move(unrouted), from, to);
  }
  way.close(stop);
  connection.close_channel(stop);
  return moved;
}

}  // namespace ms2m
