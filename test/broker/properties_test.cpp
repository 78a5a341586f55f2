// What the pump must not change, written and read with librabbitmq directly: our own wrapper is what is tested.
#include "broker/harness.hpp"
#include "wrap/amqp/c_api.hpp"
#include "wrap/amqp/message_impl.hpp"

#include <set>

using namespace ms2m;
using namespace ms2m::test;

namespace {

class Raw {
 public:
  Raw() : state_(amqp_new_connection()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    REQUIRE(amqp_socket_open(socket, "127.0.0.1", 5672) == AMQP_STATUS_OK);
    REQUIRE(amqp_login(state_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "tester", "s3cret/@x").reply_type ==
            AMQP_RESPONSE_NORMAL);
    amqp_channel_open(state_, 1);
  }
  ~Raw() {
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state_);
  }
  amqp_connection_state_t get() const { return state_; }

 private:
  amqp_connection_state_t state_;
};

amqp_basic_properties_t everything(std::vector<amqp_table_entry_t>& headers) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes("text");
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = amqp_cstring_bytes("v\xC3\xA4lue");
  headers.push_back(entry);
  entry.key = amqp_cstring_bytes("number");
  entry.value.kind = AMQP_FIELD_KIND_I64;
  entry.value.value.i64 = -5;
  headers.push_back(entry);
  entry.key = amqp_cstring_bytes("nothing");
  entry.value.kind = AMQP_FIELD_KIND_VOID;
  headers.push_back(entry);
  amqp_basic_properties_t made{};
  made._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_HEADERS_FLAG |
                AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG |
                AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_APP_ID_FLAG;
  made.content_type = amqp_cstring_bytes("text/x");
  made.content_encoding = amqp_cstring_bytes("gzip");
  made.headers = amqp_table_t{static_cast<int>(headers.size()), headers.data()};
  made.delivery_mode = 2;
  made.priority = 4;
  made.correlation_id = amqp_cstring_bytes("corr");
  made.reply_to = amqp_cstring_bytes("reply");
  made.expiration = amqp_cstring_bytes("600000");
  made.message_id = amqp_cstring_bytes("id-1");
  made.timestamp = 1234567890;
  made.type = amqp_cstring_bytes("kind");
  made.user_id = amqp_cstring_bytes("tester");
  made.app_id = amqp_cstring_bytes("app");
  return made;
}

/// A queue, a source's queue behind a tee, and the pump between them, once it is started.
struct Relay {
  Client client;
  Raw raw;
  PumpSpec spec;

  explicit Relay(const std::string& name) {
    spec.from = unique(name);
    spec.exchange = unique("tee");
    spec.follow = unique("source");
    client.declare(spec.from);
    client.declare(spec.follow);
    client.connection().declare_exchange(spec.exchange, "fanout", false, limit());
    client.connection().bind_queue(spec.follow, spec.exchange, "", limit());
  }
  void publish(const amqp_basic_properties_t& properties, const char* body) {
    REQUIRE(amqp_basic_publish(raw.get(), 1, amqp_empty_bytes, amqp::bytes_of(spec.from), 0, 0, &properties,
                               amqp_cstring_bytes(body)) == 0);
  }
  void remove() {
    for (const auto& each : {spec.from, spec.follow}) client.connection().delete_queue(each, limit());
    client.connection().delete_exchange(spec.exchange, limit());
  }
};

}  // namespace

TEST_CASE("every property, the headers, the routing key and the body survive the pump") {
  Relay relay("props");
  Raw& raw = relay.raw;
  const auto direct = unique("direct");
  relay.client.connection().declare_exchange(direct, "direct", false, limit());
  relay.client.connection().bind_queue(relay.spec.from, direct, "the.key", limit());
  std::vector<amqp_table_entry_t> headers;
  const auto sent = everything(headers);
  const std::string body("b\0dy", 4);
  REQUIRE(amqp_basic_publish(raw.get(), 1, amqp::bytes_of(direct), amqp_cstring_bytes("the.key"), 0, 0, &sent,
                             amqp::bytes_of(body)) == 0);
  RabbitBroker broker(address(), "props", limit());
  auto pump = broker.start_pump(relay.spec, limit());
  eventually([&] { return pump->stats().relayed == 1; });
  CHECK(pump->stats().user_ids_dropped == 0);

  amqp_basic_consume(raw.get(), 1, amqp::bytes_of(relay.spec.follow), amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
  amqp_envelope_t envelope;
  timeval patience{60, 0};
  REQUIRE(amqp_consume_message(raw.get(), &envelope, &patience, 0).reply_type == AMQP_RESPONSE_NORMAL);
  const auto& got = envelope.message.properties;
  CHECK(got._flags == sent._flags);
  CHECK(amqp::text_of(envelope.routing_key) == "the.key");
  CHECK(amqp::text_of(envelope.message.body) == body);
  CHECK(amqp::text_of(got.content_type) == "text/x");
  CHECK(amqp::text_of(got.content_encoding) == "gzip");
  CHECK(got.delivery_mode == 2);
  CHECK(got.priority == 4);
  CHECK(amqp::text_of(got.correlation_id) == "corr");
  CHECK(amqp::text_of(got.reply_to) == "reply");
  CHECK(amqp::text_of(got.expiration) == "600000");
  CHECK(amqp::text_of(got.message_id) == "id-1");
  CHECK(got.timestamp == 1234567890);
  CHECK(amqp::text_of(got.type) == "kind");
  CHECK(amqp::text_of(got.user_id) == "tester");
  CHECK(amqp::text_of(got.app_id) == "app");
  REQUIRE(got.headers.num_entries == 3);
  for (int i = 0; i < 3; ++i) {
    const auto& entry = got.headers.entries[i];
    const auto key = amqp::text_of(entry.key);
    if (key == "text") CHECK(amqp::text_of(entry.value.value.bytes) == "v\xC3\xA4lue");
    if (key == "number") CHECK(entry.value.value.i64 == -5);
    if (key == "nothing") CHECK(entry.value.kind == AMQP_FIELD_KIND_VOID);
  }
  amqp_destroy_envelope(&envelope);
  pump->stop(limit());
  relay.client.connection().delete_exchange(direct, limit());
  relay.remove();
}

TEST_CASE("a header without a name, which anybody may publish, survives the pump") {
  Relay relay("nameless");
  amqp_table_entry_t nameless{};
  nameless.value.kind = AMQP_FIELD_KIND_UTF8;
  nameless.value.value.bytes = amqp_cstring_bytes("value");
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = amqp_table_t{1, &nameless};
  relay.publish(properties, "x");
  RabbitBroker broker(address(), "nameless", limit());
  auto pump = broker.start_pump(relay.spec, limit());
  eventually([&] { return pump->stats().relayed == 1; });
  pump->stop(limit());
  auto got = relay.client.connection().get(relay.spec.follow, limit());  // librabbitmq's own way fails here, too
  REQUIRE(got);
  const auto& headers = got->properties.impl().values.headers;
  REQUIRE(headers.num_entries == 1);
  CHECK(amqp::text_of(headers.entries[0].key).empty());
  CHECK(amqp::text_of(headers.entries[0].value.value.bytes) == "value");
  relay.remove();
}

TEST_CASE("an expiration is dropped when a message could expire for one copy and not for the other") {
  Relay relay("expiration");
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_EXPIRATION_FLAG;
  for (const char* each : {"5000", "600000"}) {
    properties.expiration = amqp_cstring_bytes(each);
    relay.publish(properties, each);
  }
  RabbitBroker broker(address(), "expiration", limit());
  auto pump = broker.start_pump(relay.spec, limit());
  eventually([&] { return pump->stats().relayed == 2; });
  CHECK(pump->stats().expirations_dropped == 1);
  pump->stop(limit());
  StopToken{}.sleep(Millis{5200}, "letting the short one expire, if it still can");
  const auto first = relay.client.connection().get(relay.spec.follow, limit()),
             second = relay.client.connection().get(relay.spec.follow, limit());
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->body == "5000");
  CHECK_FALSE(first->properties.expiration());
  CHECK(second->properties.expiration() == Millis{600000});
  relay.remove();
}

TEST_CASE("a user_id that is not ours is dropped and counted, not refused") {
  // The message is written by "tester" and pumped by somebody else.
  Relay relay("userid");
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_USER_ID_FLAG;
  properties.user_id = amqp_cstring_bytes("tester");
  relay.publish(properties, "x");
  make_user("other", "other");
  auto where = address();
  where.user = where.password = "other";
  RabbitBroker broker(where, "userid", limit());
  auto pump = broker.start_pump(relay.spec, limit());
  eventually([&] { return pump->stats().relayed == 1; });
  CHECK(pump->stats().user_ids_dropped == 1);
  CHECK_FALSE(pump->broken());
  pump->stop(limit());
  relay.remove();
}

TEST_CASE("a message that names more queues in its headers reaches no other queue again, relayed or put back") {
  const std::string way = GENERATE("relayed", "put back", "put back by the default exchange");
  INFO(way);
  Relay relay("cc");
  const auto copied = unique("copied"), hidden = unique("hidden");
  for (const auto& each : {copied, hidden}) relay.client.declare(each);
  const auto array_of = [](const std::string& queue, amqp_field_value_t& element) {
    element.kind = AMQP_FIELD_KIND_UTF8;
    element.value.bytes = amqp::bytes_of(queue);
    amqp_field_value_t list{};
    list.kind = AMQP_FIELD_KIND_ARRAY;
    list.value.array = amqp_array_t{1, &element};
    return list;
  };
  amqp_field_value_t first{}, second{};
  amqp_table_entry_t entries[3]{};
  entries[0].key = amqp_cstring_bytes("CC");
  entries[0].value = array_of(copied, first);
  entries[1].key = amqp_cstring_bytes("kept");
  entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[1].value.value.bytes = amqp_cstring_bytes("value");
  entries[2].key = amqp_cstring_bytes("BCC");
  entries[2].value = array_of(hidden, second);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = amqp_table_t{3, entries};
  relay.publish(properties, "x");
  for (const auto& each : {relay.spec.from, copied, hidden})
    eventually([&] { return relay.client.count(each).messages == 1; });

  if (way != "relayed") relay.client.connection().unbind_queue(relay.spec.follow, relay.spec.exchange, "", limit());
  if (way != "put back by the default exchange") relay.spec.way_back = unique("back");
  RabbitBroker broker(address(), "cc", limit());
  auto pump = broker.start_pump(relay.spec, limit());
  eventually([&] { return way == "relayed" ? pump->stats().relayed == 1 : pump->broken(); });
  if (way == "relayed") pump->stop(limit());
  const std::string holder = way == "relayed" ? relay.spec.follow : relay.spec.from;
  eventually([&] { return relay.client.count(holder).messages == 1; });

  amqp_basic_consume(relay.raw.get(), 1, amqp::bytes_of(holder), amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
  amqp_envelope_t envelope;
  timeval patience{60, 0};
  REQUIRE(amqp_consume_message(relay.raw.get(), &envelope, &patience, 0).reply_type == AMQP_RESPONSE_NORMAL);
  std::set<std::string> seen;  // the broker itself takes BCC out
  for (int i = 0; i < envelope.message.properties.headers.num_entries; ++i)
    seen.insert(amqp::text_of(envelope.message.properties.headers.entries[i].key));
  CHECK(seen == (way == "put back by the default exchange" ? std::set<std::string>{"kept"}
                                                           : std::set<std::string>{"CC", "kept"}));
  amqp_destroy_envelope(&envelope);
  for (const auto& each : {copied, hidden}) {
    CHECK(relay.client.count(each).messages == 1);
    relay.client.connection().delete_queue(each, limit());
  }
  relay.remove();
}
