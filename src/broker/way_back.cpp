#include "broker/way_back.hpp"

#include <utility>

namespace ms2m {

WayBack::WayBack(amqp::Connection& connection, std::string exchange, std::string queue, const StopToken& stop)
    : connection_(connection), exchange_(std::move(exchange)), queue_(std::move(queue)) {
  if (exchange_.empty()) return;
  try {
    connection_.declare_exchange(exchange_, "fanout", false, stop);
    connection_.bind_queue(queue_, exchange_, "", stop);
    exactly_ = true;
  } catch (const amqp::ChannelClosed&) {
    connection_.open_channel(stop);
    connection_.select_transactions(stop);
  }
}

void WayBack::publish(const std::string& key, amqp::Properties& properties, const std::string& body,
                      const StopToken& stop) {
  if (exactly_) return connection_.publish(exchange_, key, properties, body, true, stop);
  properties.drop_header("CC");
  connection_.publish("", queue_, properties, body, true, stop);
}

void WayBack::close(const StopToken& stop) {
  if (exactly_) connection_.delete_exchange(exchange_, stop);
}

}  // namespace ms2m
