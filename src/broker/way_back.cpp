#include "broker/way_back.hpp"

namespace ms2m {

bool open_way_back(amqp::Connection& connection, const std::string& exchange, const std::string& queue,
                   const StopToken& stop) {
  if (exchange.empty()) return false;
  try {
    connection.declare_exchange(exchange, "fanout", false, stop);
    connection.bind_queue(queue, exchange, "", stop);
    return true;
  } catch (const amqp::ChannelClosed&) {
    connection.open_channel(stop);
    connection.select_transactions(stop);
    return false;
  }
}

}  // namespace ms2m
