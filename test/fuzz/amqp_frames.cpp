// What a broker sends: its greeting, and what comes on the channel, with messages that anybody may have published.
#include "answering.hpp"
#include "target.hpp"
#include "wrap/amqp/connection.hpp"

using namespace ms2m;

namespace {

void look_at(const amqp::Properties& properties) {
  properties.message_id(), properties.user_id(), properties.expiration();
}

void look_at(amqp::Delivery& delivery) {
  look_at(delivery.properties);
  delivery.properties.drop_user_id();
  delivery.properties.drop_expiration();
  delivery.properties.drop_header("x-death");
}

void consume(amqp::Connection& connection, const StopToken& stop) {
  connection.inspect_queue("app.events", stop);
  connection.consume("app.events", {}, stop);
  test::read([&] {
    while (connection.receive(Millis{100}, 10, stop)) {
    }
  });
  for (amqp::Delivery& each : connection.deliveries()) look_at(each);
}

void publish(amqp::Connection& connection, const StopToken& stop) {
  connection.select_confirms(stop);
  connection.publish("", "app.events", amqp::Properties::make("text/plain", "1", true), "a", true, stop);
  test::read([&] { connection.wait_confirmed(stop); });
  for (const amqp::Returned& each : connection.take_returned()) look_at(each.properties);
}

void get(amqp::Connection& connection, const StopToken& stop) {
  while (auto got = connection.get("app.events", stop)) look_at(*got);
}

}  // namespace

/// The first byte says what is asked for, the others are the broker's.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::Answering broker(test::Answering::Speaks::raw);
  if (size == 0) return 0;
  broker.set({test::text_of(data + 1, size - 1)});
  amqp::Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = static_cast<std::uint16_t>(broker.port());
  endpoint.user = endpoint.password = "guest";
  const StopToken stop = StopToken{}.within(Millis{1000});
  const auto act = data[0] % 3 == 0 ? consume : data[0] % 3 == 1 ? publish : get;
  test::read([&] {
    amqp::Connection connection(endpoint, stop);
    connection.server_version(), connection.cluster_name();
    act(connection, stop);
  });
  return 0;
}
