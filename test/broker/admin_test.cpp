#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"
#include "broker/rabbit_admin.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("admin: version, and how it is not reached") {
  CHECK(RabbitAdmin(address()).version(limit()) == RabbitBroker(address(), "a", limit()).server_version(limit()));
  auto where = address();
  where.api_url = "http://127.0.0.1:1/";
  CHECK_FALSE(RabbitAdmin(where).version(limit()));
  where.api_url = "http://127.0.0.1:5672";  // something else listens there
  CHECK_FALSE(RabbitAdmin(where).version(limit()));
  where = address();
  where.password = "wrong";
  try {
    RabbitAdmin(where).version(limit());
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::forbidden);
    CHECK(std::string(error.what()).find("wrong") == std::string::npos);
  }
}

TEST_CASE("admin: facts of a queue, its consumer, its bindings; closing the consumer's connection") {
  const auto queue = unique("facts /%"), exchange = unique("ex");
  RabbitAdmin admin(address());
  CHECK_FALSE(admin.queue(queue, limit()));
  Client client, consumer;
  client.declare(queue, {{"x-max-priority", std::int64_t{3}}});
  client.connection().declare_exchange(exchange, "topic", false, limit());
  client.connection().bind_queue(queue, exchange, "a.#", limit());
  consumer.connection().set_prefetch(7, limit());
  consumer.connection().consume(queue, {}, limit());
  std::optional<QueueFacts> facts;
  eventually([&] {
    facts = admin.queue(queue, limit());
    return facts && !facts->consumers.empty() && !facts->consumers.front().connection.empty();
  });
  CHECK(facts->type == "classic");
  CHECK(facts->durable);
  CHECK_FALSE(facts->exclusive);
  CHECK(facts->arguments["x-max-priority"] == 3);  // 4.x adds x-queue-type
  REQUIRE(facts->consumers.size() == 1);
  const auto& seen = facts->consumers.front();
  CHECK(seen.ack_required);
  CHECK(seen.prefetch == 7);
  CHECK(seen.peer_host == "127.0.0.1");
  eventually([&] { return admin.heartbeat(seen.connection, limit()) == std::optional(address().heartbeat); });
  CHECK_FALSE(admin.heartbeat("nobody's", limit()));
  const auto bindings = admin.bindings(queue, limit());
  REQUIRE(bindings.size() == 2);
  CHECK(bindings[0].exchange.empty());
  CHECK(bindings[1].exchange == exchange);
  CHECK(bindings[1].key == "a.#");
  CHECK(admin.queue_names("facts", limit()) == std::vector<std::string>{queue});
  CHECK(admin.close_connection(seen.connection, limit()));
  CHECK_THROWS_AS(consumer.connection().receive(Millis{60000}, 1, limit(std::chrono::seconds{90})),
                  amqp::ConnectionLost);
  eventually([&] { return !admin.close_connection(seen.connection, limit()); });  // its list is a little late
  client.connection().delete_queue(queue, limit());
  client.connection().delete_exchange(exchange, limit());
}

TEST_CASE("admin: the type of a queue is told at once, and without a list of all queues") {
  CutProxy proxy(15672);
  auto where = address();
  where.api_url = "http://127.0.0.1:" + std::to_string(proxy.port());
  RabbitAdmin admin(where);
  Client client;
  std::vector<std::string> queues;
  for (int i = 0; i < 60; ++i) client.declare(queues.emplace_back(unique("other")));
  const auto classic = queues.emplace_back(unique("type /%")), quorum = queues.emplace_back(unique("type"));
  CHECK_FALSE(admin.queue_type(classic, limit()));
  RabbitBroker(address(), "a", limit()).declare_queue({classic, {}, {}}, limit());
  CHECK(admin.queue_type(classic, limit()) == "classic");
  client.declare(quorum, {{"x-queue-type", std::string("quorum")}});
  CHECK(admin.queue_type(quorum, limit()) == "quorum");
  // Three answers with their headers; a list of 60 queues has more than that.
  CHECK(proxy.answered() < 6000);
  admin.queue_names("other", limit());
  CHECK(proxy.answered() > 8000);
  CHECK(admin.leader(quorum, limit()).value_or("").starts_with("rabbit"));
  CHECK_FALSE(admin.leader(classic, limit()));
  CHECK_FALSE(admin.leader(unique("type"), limit()));
  for (const auto& queue : queues) client.connection().delete_queue(queue, limit());
}

TEST_CASE("admin: the effective policy of a queue") {
  const auto queue = unique("policy");
  Client client;
  client.declare(queue);
  api("PUT", "policies/%2F/test", R"({"pattern":"^policy","definition":{"max-length":5},"apply-to":"queues"})");
  RabbitAdmin admin(address());
  eventually([&] { return admin.queue(queue, limit())->policy == Json{{"max-length", 5}}; });
  api("DELETE", "policies/%2F/test");
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("admin: the policy that a queue will have") {
  RabbitAdmin admin(address());
  const auto name = unique("ms2m.later");
  CHECK(admin.policy_for(name, limit()) == Json::object());
  api("PUT", "policies/%2F/all", R"({"pattern":".*","definition":{"max-length":5},"apply-to":"all","priority":1})");
  api("PUT", "policies/%2F/low", R"({"pattern":"^ms2m","definition":{"max-length":6},"apply-to":"queues"})");
  api("PUT", "policies/%2F/exchanges",
      R"({"pattern":".*","definition":{"alternate-exchange":"x"},"apply-to":"exchanges","priority":9})");
  api("PUT", "policies/%2F/others",
      R"({"pattern":"^other","definition":{"max-length":7},"apply-to":"queues","priority":9})");
  CHECK(admin.policy_for(name, limit()) == Json{{"max-length", 5}});
  Client client;
  client.declare(name);
  eventually([&] { return admin.queue(name, limit())->policy == Json{{"max-length", 5}}; });
  CHECK(admin.effective_policy(name, limit()) == Json{{"max-length", 5}});
  CHECK_FALSE(admin.effective_policy(unique("ms2m.missing"), limit()));
  client.connection().delete_queue(name, limit());
  api("PUT", "operator-policies/%2F/limit", R"({"pattern":".*","definition":{"max-length":4},"apply-to":"queues"})");
  CHECK(admin.policy_for(name, limit()) == Json{{"max-length", 4}});
  api("PUT", "operator-policies/%2F/limit", R"({"pattern":".*","definition":{"max-length":1000},"apply-to":"queues"})");
  CHECK(admin.policy_for(name, limit()) == Json{{"max-length", 5}});
  api("PUT", "users/onlooker", R"({"password":"onlooker","tags":"management"})");
  api("PUT", "permissions/%2F/onlooker", R"({"configure":".*","write":".*","read":".*"})");
  auto where = address();
  where.user = where.password = "onlooker";
  const auto seen = RabbitAdmin(where).policy_for(name, limit());
  CHECK((!seen || *seen == Json{{"max-length", 5}}));  // only since 4.x may such a user read them
  for (const char* each : {"all", "low", "exchanges", "others"}) api("DELETE", std::string("policies/%2F/") + each);
  api("DELETE", "operator-policies/%2F/limit");
  api("DELETE", "users/onlooker");
}

// What was delivered is counted at once: "nothing is unacknowledged" is never told too early. An acknowledgement is
// counted when the queue has come to it, which asks the question first when both wait for it (not seconds later, as
// statistics would).
TEST_CASE("admin: totals of a classic queue are exact") {
  const auto queue = unique("totals");
  RabbitAdmin admin(address());
  CHECK_FALSE(admin.totals(queue, limit()));
  Client client, consumer;
  client.declare(queue);
  for (int round = 0; round < 10; ++round) {
    client.publish_numbers(queue, 0, 30);
    std::uint64_t tag = 0;
    for (int i = 0; i < 20; ++i) tag = consumer.connection().get(queue, limit())->tag;
    auto totals = admin.totals(queue, limit());
    REQUIRE(totals);
    CHECK(totals->ready == 10);
    CHECK(totals->unacked == 20);
    consumer.connection().ack(tag, true, limit());
    eventually([&] { return admin.totals(queue, limit())->unacked == 0; }, Millis{3500});
    CHECK(client.drain(queue).size() == 10);
  }
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("admin: users, passwords and virtual hosts of any name; a user without the tag") {
  api("PUT", "users/n%C3%A4m%C3%A9", R"({"password":"pä/@:?","tags":"management"})");
  api("PUT", "vhosts/a%2Fb");
  api("PUT", "permissions/a%2Fb/n%C3%A4m%C3%A9", R"({"configure":".*","write":".*","read":".*"})");
  auto where = address();
  where.user = "nämé";
  where.password = "pä/@:?";
  where.vhost = "a/b";
  RabbitBroker broker(where, "a", limit());
  broker.declare_queue({"q", {}, {}}, limit());
  RabbitAdmin admin(where);
  CHECK(admin.version(limit()));
  CHECK(admin.queue("q", limit()));
  CHECK(admin.totals("q", limit())->ready == 0);
  CHECK(admin.alarms(limit()).empty());
  api("PUT", "users/n%C3%A4m%C3%A9", R"({"password":"pä/@:?","tags":""})");
  CHECK_THROWS_AS(RabbitAdmin(where).version(limit()), Error);
  api("DELETE", "vhosts/a%2Fb");
  api("DELETE", "users/n%C3%A4m%C3%A9");
}
