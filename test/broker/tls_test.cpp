#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

BrokerAddress tls() {
  auto made = address();
  made.tls = true;
  made.port = 5671;
  made.ca_file = fixture_file("ca.pem");
  return made;
}

ErrorKind refusal(const BrokerAddress& where) {
  try {
    RabbitBroker broker(where, "tls", limit());
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find("s3cret") == std::string::npos);
    return error.kind();
  }
  return ErrorKind::failed;
}

}  // namespace

TEST_CASE("TLS with a CA of our own, a name, an address, a client certificate") {
  auto where = tls();
  CHECK_FALSE(RabbitBroker(where, "tls", limit()).depth(unique("x"), limit()));
  where.host = "localhost";
  CHECK_FALSE(RabbitBroker(where, "tls", limit()).depth(unique("x"), limit()));
  where.host = "127.0.0.1";
  where.server_name = "broker.example";
  CHECK_FALSE(RabbitBroker(where, "tls", limit()).depth(unique("x"), limit()));
  where.certificate_file = fixture_file("client.pem");
  where.key_file = fixture_file("client.key");
  CHECK_FALSE(RabbitBroker(where, "tls", limit()).depth(unique("x"), limit()));
}

TEST_CASE("TLS refuses a stranger") {
  auto where = tls();
  where.ca_file = fixture_file("other-ca.pem");
  CHECK(refusal(where) == ErrorKind::forbidden);
  where = tls();
  where.ca_file.clear();  // the system's store does not know our CA
  CHECK(refusal(where) == ErrorKind::forbidden);
  where.verify = false;
  CHECK_FALSE(RabbitBroker(where, "tls", limit()).depth(unique("x"), limit()));
  where = tls();
  where.server_name = "another.example";
  CHECK(refusal(where) == ErrorKind::forbidden);
  where = tls();
  where.ca_file = "/no/such/file.pem";
  CHECK(refusal(where) == ErrorKind::usage);
  where = tls();
  where.port = 5672;
  CHECK(refusal(where) == ErrorKind::unavailable);
}

TEST_CASE("large messages over TLS") {
  Client client(endpoint_of(tls(), "tls", "client"));
  const auto queue = unique("large");
  client.declare(queue);
  const std::string body(3000000, 'x');
  client.connection().publish("", queue, amqp::Properties::make("", "", true), body, true, limit());
  client.connection().wait_confirmed(limit());
  CHECK(client.drain(queue) == std::vector<std::string>{body});
  client.connection().delete_queue(queue, limit());
}
