// Which login is used, against a broker that gets no further than offering some.
#include "broker/endpoint.hpp"
#include "broker/uri.hpp"
#include "kube/raw_server.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

std::string number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

/// connection.start of AMQP 0-9-1.
std::string start(const std::string& mechanisms) {
  std::string payload("\0\x0a\0\x0a\0\x09", 6);
  payload += number(0) + number(static_cast<std::uint32_t>(mechanisms.size())) + mechanisms + number(5) + "en_US";
  return std::string("\1\0\0", 3) + number(static_cast<std::uint32_t>(payload.size())) + payload + "\xce";
}

/// What comes of a login with that URI's query, and what was sent after the protocol header.
std::pair<std::string, std::string> login(const std::string& offered, const std::string& query) {
  std::string sent;
  std::string error;
  {
    RawServer broker([&](int listener) {
      const int peer = ::accept(listener, nullptr, nullptr);
      char bytes[4096];
      if (::recv(peer, bytes, 8, MSG_WAITALL) == 8) {
        RawServer::send(peer, start(offered));
        if (const auto count = ::recv(peer, bytes, sizeof bytes, 0); count > 0)
          sent.assign(bytes, static_cast<std::size_t>(count));
      }
      ::close(peer);
    });
    try {
      amqp::Connection(
          endpoint_of(parse_broker_uri("amqp://u:s3cret@127.0.0.1:" + std::to_string(broker.port()) + query), "a",
                      "test"),
          StopToken{}.within(Millis{5000}));
    } catch (const Error& e) {
      error = std::string(e.what()) + " | " + e.remedy();
    }
  }
  return {error, sent};
}

}  // namespace

TEST_CASE("a login that is not offered is told, and no password is sent", "[case-17]") {
  const auto [external, sent] = login("PLAIN AMQPLAIN", "?auth_mechanism=external");
  CHECK_THAT(external, Catch::Contains("the broker does not offer the login EXTERNAL, but PLAIN AMQPLAIN"));
  CHECK_THAT(external, Catch::Contains("rabbitmq_auth_mechanism_ssl"));
  CHECK(sent.empty());
  const auto [plain, nothing] = login("EXTERNAL", "");
  CHECK_THAT(plain, Catch::Contains("does not offer the login PLAIN, but EXTERNAL"));
  CHECK_THAT(plain, Catch::Contains("auth_mechanism=external"));
  CHECK(nothing.empty());
  const auto [half, none] = login("EXTERNALS PLAINER", "");
  CHECK_THAT(half, Catch::Contains("does not offer"));
  CHECK(none.empty());
}

TEST_CASE("the first login that is offered is used", "[case-17]") {
  CHECK_THAT(login("AMQPLAIN PLAIN", "?auth_mechanism=external&auth_mechanism=plain").second,
             Catch::Contains("s3cret"));
  const auto [error, sent] = login("PLAIN EXTERNAL", "?auth_mechanism=external&auth_mechanism=plain");
  CHECK_THAT(error, Catch::Contains("there is none"));  // no certificate
  CHECK(sent.empty());
  CHECK(parse_broker_uri("amqps://rabbit?auth_mechanism=EXTERNAL").user.empty());
  CHECK(parse_broker_uri("amqps://rabbit").user == "guest");
  CHECK_THROWS_AS(parse_broker_uri("amqps://rabbit?auth_mechanism=gssapi"), Error);
}
