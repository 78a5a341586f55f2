#include "broker/uri.hpp"

#include "broker/rabbit_admin.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using ms2m::parse_broker_uri;

TEST_CASE("a broker address in full") {
  const auto a = parse_broker_uri(
      "amqps://us%40er:p%2Fw%3A%C3%A4@broker.example:5673/pro%2Fd?cacertfile=%2Fetc%2Fca.pem&certfile=/c.pem&keyfile=/"
      "k.pem"
      "&server_name_indication=other.example&heartbeat=7&connection_timeout=1&verify=verify_none");
  CHECK(a.host == "broker.example");
  CHECK(a.port == 5673);
  CHECK(a.tls);
  CHECK(a.user == "us@er");
  CHECK(a.password == "p/w:\xC3\xA4");
  CHECK(a.vhost == "pro/d");
  CHECK(a.ca_file == "/etc/ca.pem");
  CHECK(a.certificate_file == "/c.pem");
  CHECK(a.key_file == "/k.pem");
  CHECK(a.server_name == "other.example");
  CHECK(a.heartbeat == std::chrono::seconds{7});
  CHECK_FALSE(a.verify);
  CHECK(describe(a) == "amqps://broker.example:5673/pro/d");
}

TEST_CASE("what a broker address leaves out") {
  const auto a = parse_broker_uri("AMQP://h");
  CHECK(a.host == "h");
  CHECK(a.port == 5672);
  CHECK(a.user == "guest");
  CHECK(a.password == "guest");
  CHECK(a.vhost == "/");
  CHECK(a.verify);
  CHECK(parse_broker_uri("amqps://h").port == 5671);
  CHECK(parse_broker_uri("amqp://h/").vhost == "/");
  CHECK(parse_broker_uri("amqp://h/%2F").vhost == "/");
  CHECK(parse_broker_uri("amqp://h:/x").port == 5672);
  CHECK(parse_broker_uri("amqp://u@h").password.empty());
  CHECK(parse_broker_uri("amqp://u:a@b@h").password == "a@b");
  CHECK(parse_broker_uri("amqp://[::1]:99/x").host == "::1");
  CHECK(parse_broker_uri("amqp://[::1]:99/x").port == 99);
  CHECK(describe(parse_broker_uri("amqp://u:p@[::1]/")) == "amqp://[::1]:5672/");
}

TEST_CASE("wrong broker addresses are refused without their secrets") {
  const std::string wrong[] = {"",
                               "http://u:topsecret@h",
                               "u:topsecret@h",
                               "amqp://u:topsecret@h:70000",
                               "amqp://u:topsecret@h:0",
                               "amqp://u:topsecret@h:x",
                               "amqp://u:topsecret@",
                               "amqp://u:topsecret%G1@h",
                               "amqp://u:topsecret%2@h",
                               "amqp://u:topsecret%00@h",
                               "amqp://u:topsecret@h/a/b",
                               "amqp://u:topsecret@[::1",
                               "amqp://u:topsecret@[::1]x",
                               "amqp://u:topsecret@h#x",
                               "amqp://u:topsecret#x@h",
                               "amqp://u:topsecret/x@h",
                               "amqps://u:topsecret@h?verify=maybe",
                               "amqps://u:topsecret@h?keyfile=x",
                               "amqp://u:topsecret@h?heartbeat=-1",
                               "amqp://u:p@topsecret host",
                               "amqp://u:p@topsecret,other"};
  for (const auto& each : wrong) {
    INFO(each);
    try {
      parse_broker_uri(each);
      FAIL("accepted");
    } catch (const ms2m::Error& error) {
      CHECK(error.kind() == ms2m::ErrorKind::usage);
      CHECK(std::string(error.what()).find("topsecret") == std::string::npos);
    }
  }
}

TEST_CASE("nothing of a malformed address is repeated, whichever part of it the password became", "[case-18]") {
  for (const std::string each :
       {"amqp://u:12/34@rabbit:5672", "amqp://u:12?34@rabbit:5672", "amqp://u:12#34@rabbit:5672",
        "amqp://u:12/34@rabbit/shop", "amqp://u:12@34/56@rabbit:5672", "amqp://u:12/34?56@rabbit",
        "amqp:/u:1234@rabbit", "u:1234@rabbit:5672", "1234", "amqp://u:1234@rabbit:port"}) {
    INFO(each);
    try {
      parse_broker_uri(each);
      FAIL("accepted");
    } catch (const ms2m::Error& error) {
      CHECK(error.kind() == ms2m::ErrorKind::usage);
      const std::string told = std::string(error.what()) + error.remedy();
      for (const char* part : {"12", "34", "rabbit", "u:"}) CHECK(told.find(part) == std::string::npos);
    }
  }
  CHECK(parse_broker_uri("amqp://u:12%2F34@rabbit:5672").password == "12/34");
  CHECK(parse_broker_uri("amqp://u:12%3F34@rabbit:5672/a%40b").vhost == "a@b");
  CHECK(parse_broker_uri("amqp://u:12@34@rabbit").password == "12@34");
}

TEST_CASE("nor of a malformed address of the management API", "[case-18]") {
  for (const std::string each : {"http://u:12/34@rabbit:15672", "http://u:12?34@rabbit", "http://u:12#34@rabbit",
                                 "u:1234@rabbit", "ftp://u:1234@rabbit", "http://u:1234@rabbit:port"}) {
    INFO(each);
    auto address = parse_broker_uri("amqp://rabbit");
    address.api_url = each;
    try {
      ms2m::RabbitAdmin{address};
      FAIL("accepted");
    } catch (const ms2m::Error& error) {
      CHECK(error.kind() == ms2m::ErrorKind::usage);
      const std::string told = std::string(error.what()) + error.remedy();
      for (const char* part : {"12", "34", "rabbit:", "u:"}) CHECK(told.find(part) == std::string::npos);
    }
  }
}
