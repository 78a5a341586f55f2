// Where broker and queue come from.
#include "cli/broker_choice.hpp"

#include <fstream>

#include "cli/config_file.hpp"
#include "cli/environment.hpp"
#include "fake_backend.hpp"
#include "support/catch.hpp"
#include "temp_dir.hpp"

using namespace ms2m;
using namespace ms2m::cli;
using Catch::Matchers::Contains;

namespace {

struct Pod {
  Json json = Json::parse(
      R"({"metadata": {"name": "consumer-0", "namespace": "default"}, "spec": {"containers": [{"name": "app"}]}})");
  std::map<std::string, Json> secrets, config_maps;
  std::vector<std::string> reads;
  std::vector<BrokerSource> sources;

  Json& container() { return json["spec"]["containers"][0]; }
  void annotate(const std::string& key, const std::string& value) { json["metadata"]["annotations"][key] = value; }
  void env(const Json& entries) { container()["env"] = entries; }
  void given(const std::string& origin, const std::string& uri, const std::string& queue,
             const std::string& password = {}) {
    BrokerOptions options;
    options.uri = uri;
    options.queue = queue;
    options.password = password;
    sources.push_back({origin, origin, options});
  }

  BrokerChoice choose() {
    const auto reader = [this](std::map<std::string, Json>& objects) {
      return [this, &objects](const std::string& name) {
        reads.push_back(name);
        const auto found = objects.find(name);
        return found == objects.end() ? std::nullopt : std::optional(found->second);
      };
    };
    return choose_broker({sources, json, "", {reader(secrets), reader(config_maps)}, test::FakeBackend::parse, true});
  }
};

std::string refusal_of(Pod& pod) {
  try {
    pod.choose();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_FALSE(error.remedy().empty());
    return error.what();
  }
  FAIL("not refused");
  return {};
}

}  // namespace

TEST_CASE("the order is flags, environment, configuration, annotations, container; each for itself") {
  Pod pod;
  pod.env({{{"name", "RABBITMQ_URL"}, {"value", "amqp://container"}}, {{"name", "QUEUE_NAME"}, {"value", "q5"}}});
  CHECK(pod.choose().address.host == "container");
  CHECK(pod.choose().queue == "q5");
  CHECK(pod.choose().address_origin == "RABBITMQ_URL of container app");

  pod.annotate("ms2m.io/queue", "q4");
  pod.annotate("ms2m.io/broker-secret", "rabbit");
  pod.secrets["rabbit"] = {{"data", {{"url", "YW1xcDovL3NlY3JldA=="}}}};
  CHECK(pod.choose().address.host == "secret");
  CHECK(pod.choose().queue == "q4");
  CHECK(pod.choose().address_origin == "annotation ms2m.io/broker-secret (secret rabbit)");

  pod.given("--broker", "", "q1");
  pod.given("MS2M_BROKER", "amqp://env", "q2");
  pod.given("config.yaml", "amqp://config", "q3");
  CHECK(pod.choose().address.host == "env");
  CHECK(pod.choose().queue == "q1");
  CHECK(pod.choose().queue_origin == "--broker");
}

TEST_CASE("a password on its own goes into a URI without one, and into no other") {
  Pod pod;
  pod.given("--broker", "amqp://a@h", "q");
  pod.given("MS2M_BROKER", "", "", "pw");
  CHECK(pod.choose().address.password == "pw");
  pod.sources[0].options.uri = "amqp://a:own@h";
  CHECK(pod.choose().address.password == "own");
}

TEST_CASE("passwords in URIs are seen") {
  CHECK(has_password("amqp://a:b@h"));
  CHECK(has_password("amqp://a:b@c@h/"));
  CHECK_FALSE(has_password("amqp://a@h:5672/"));
  CHECK_FALSE(has_password("amqp://h:5672/x@y:z"));
  CHECK_FALSE(has_password(""));
}

TEST_CASE("a secret may name the parts, or the key be named") {
  Pod pod;
  pod.annotate("ms2m.io/queue", "q");
  pod.annotate("ms2m.io/broker-secret", "rabbit");
  pod.secrets["rabbit"] = {
      {"data",
       {{"host", "cmFiYml0"}, {"port", "NTY3MQ=="}, {"username", "dQ=="}, {"password", "cA=="}, {"vhost", "dg=="}}}};
  const auto address = pod.choose().address;
  CHECK(address.host == "rabbit");
  CHECK(address.port == 5671);
  CHECK(address.tls);
  CHECK(address.user == "u");
  CHECK(address.password == "p");
  CHECK(address.vhost == "v");

  pod.annotate("ms2m.io/broker-secret", "rabbit/dsn");
  CHECK_THAT(refusal_of(pod), Contains("has no key dsn"));
  pod.secrets["rabbit"]["data"]["dsn"] = "YW1xcDovL2Rzbg==";
  CHECK(pod.choose().address.host == "dsn");
  pod.annotate("ms2m.io/broker-secret", "other");
  CHECK_THAT(refusal_of(pod), Contains("no such secret"));
}

TEST_CASE("the container's environment as the kubelet computes it") {
  Pod pod;
  pod.secrets["login"] = {{"data", {{"password", "czNj"}, {"Q", "cTE="}}}};
  pod.config_maps["broker"] = {{"data", {{"HOST", "rabbit"}, {"queue", "q2"}}}};
  pod.container()["envFrom"] = {{{"configMapRef", {{"name", "broker"}}}, {"prefix", "B_"}}};
  pod.env({{{"name", "PASSWORD"}, {"valueFrom", {{"secretKeyRef", {{"name", "login"}, {"key", "password"}}}}}},
           {{"name", "UNUSED"}, {"valueFrom", {{"secretKeyRef", {{"name", "forbidden"}, {"key", "x"}}}}}},
           {{"name", "RABBITMQ_URL"}, {"value", "amqp://$(USER):$(PASSWORD)@$(B_HOST)"}},
           {{"name", "QUEUE_NAME"}, {"valueFrom", {{"configMapKeyRef", {{"name", "broker"}, {"key", "queue"}}}}}}});
  CHECK_THAT(refusal_of(pod), Contains("only the running container knows"));  // USER is not defined
  pod.env({{{"name", "RABBITMQ_URL"}, {"value", "amqp://first"}},
           {{"name", "PASSWORD"}, {"valueFrom", {{"secretKeyRef", {{"name", "login"}, {"key", "password"}}}}}},
           {{"name", "USER"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}},
           {{"name", "RABBITMQ_URL"}, {"value", "amqp://$(USER):$$(PASSWORD)$(PASSWORD)@$(B_HOST)"}},
           {{"name", "QUEUE_NAME"}, {"value", "q-$(RABBITMQ_URL_X)"}}});
  pod.annotate("ms2m.io/queue", "q");
  CHECK_THROWS_AS(pod.choose(), Error);  // $$(PASSWORD) is the text $(PASSWORD), which looks unresolved
  pod.env({{{"name", "PASSWORD"}, {"valueFrom", {{"secretKeyRef", {{"name", "login"}, {"key", "password"}}}}}},
           {{"name", "USER"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}},
           {{"name", "UNUSED"}, {"valueFrom", {{"secretKeyRef", {{"name", "forbidden"}, {"key", "x"}}}}}},
           {{"name", "RABBITMQ_URL"}, {"value", "amqp://$(USER):a$$b$(PASSWORD)@$(B_HOST)"}}});
  pod.reads.clear();
  const auto address = pod.choose().address;
  CHECK(address.user == "consumer-0");
  CHECK(address.password == "a$bs3c");
  CHECK(address.host == "rabbit");
  CHECK(std::count(pod.reads.begin(), pod.reads.end(), "forbidden") == 0);
}

TEST_CASE("the later of two sources wins, and env over envFrom") {
  Pod pod;
  pod.config_maps["a"] = {{"data", {{"RABBITMQ_URL", "amqp://a"}, {"QUEUE_NAME", "qa"}}}};
  pod.secrets["b"] = {{"data", {{"RABBITMQ_URL", "YW1xcDovL2I="}}}};
  pod.container()["envFrom"] = {{{"configMapRef", {{"name", "a"}}}},
                                {{"secretRef", {{"name", "b"}}}},
                                {{"secretRef", {{"name", "not-there"}, {"optional", true}}}}};
  CHECK(pod.choose().address.host == "b");
  CHECK(pod.choose().queue == "qa");
  pod.env({{{"name", "QUEUE_NAME"}, {"value", "qe"}}});
  CHECK(pod.choose().queue == "qe");
}

TEST_CASE("nobody names a broker or a queue") {
  Pod pod;
  CHECK_THAT(refusal_of(pod), Contains("which broker pod default/consumer-0 uses"));
  pod.given("--broker", "amqp://h", "");
  CHECK_THAT(refusal_of(pod), Contains("which queue pod default/consumer-0 consumes"));
}

TEST_CASE("who said something wrong decides the exit status") {
  Pod pod;
  pod.given("--broker", "http://h", "q");
  try {
    pod.choose();
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), Contains("--broker: "));
  }
  Pod other;
  other.env({{{"name", "RABBITMQ_URL"}, {"value", "http://u:s3cret@h"}}});
  CHECK_THAT(refusal_of(other), Contains("RABBITMQ_URL of container app") && !Contains("s3cret"));
}

TEST_CASE("with several containers the default one counts, and none is guessed") {
  Pod pod;
  pod.json["spec"]["containers"].push_back(
      {{"name", "side"},
       {"env", {{{"name", "RABBITMQ_URL"}, {"value", "amqp://side"}}, {{"name", "QUEUE_NAME"}, {"value", "q"}}}}});
  CHECK_THAT(refusal_of(pod), Contains("which broker"));
  pod.annotate("kubectl.kubernetes.io/default-container", "side");
  CHECK(pod.choose().address.host == "side");
}

TEST_CASE("a line break at the end of a secret's value is not part of it", "[case-16]") {
  Pod pod;
  pod.annotate("ms2m.io/queue", "orders\n");
  pod.annotate("ms2m.io/broker-secret", "rabbit\n");
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/secret-newline.json");
  pod.secrets["rabbit"] = Json::parse(in);
  const auto choice = pod.choose();
  CHECK(choice.address.host == "rabbit");
  CHECK(choice.address.port == 5672);
  CHECK(choice.address.user == "app");
  CHECK(choice.address.password == "s3cret");
  CHECK(choice.queue == "orders");

  SECTION("what is no port is not repeated") {
    pod.secrets["rabbit"]["data"]["port"] = "czNjcmV0MTIzNA==";
    CHECK_THAT(refusal_of(pod), Contains("key port is not a port") && !Contains("s3cret"));
  }
  SECTION("only one, and only a line break") {
    pod.secrets["rabbit"]["data"]["password"] = "IHBhc3MgCg0K";  // " pass \n\r\n"
    CHECK(pod.choose().address.password == " pass \n");
  }
}

TEST_CASE("nor at the end of a variable, an annotation or a setting, wherever it comes from", "[case-16]") {
  Pod pod;
  pod.secrets["login"] = {{"data", {{"user", "YXBwCg=="}, {"password", "czNjcmV0DQo="}}}};
  pod.config_maps["broker"] = {{"data", {{"HOST", "rabbit\n"}, {"queue", "orders\r\n"}}}};
  pod.container()["envFrom"] = {{{"configMapRef", {{"name", "broker"}}}, {"prefix", "B_"}}};
  pod.env({{{"name", "USER"}, {"valueFrom", {{"secretKeyRef", {{"name", "login"}, {"key", "user"}}}}}},
           {{"name", "PASSWORD"}, {"valueFrom", {{"secretKeyRef", {{"name", "login"}, {"key", "password"}}}}}},
           {{"name", "RABBITMQ_URL"}, {"value", "amqp://$(USER):$(PASSWORD)@$(B_HOST)\n"}},
           {{"name", "QUEUE_NAME"}, {"valueFrom", {{"configMapKeyRef", {{"name", "broker"}, {"key", "queue"}}}}}}});
  const auto choice = pod.choose();
  CHECK(choice.address.host == "rabbit");
  CHECK(choice.address.user == "app");
  CHECK(choice.address.password == "s3cret");
  CHECK(choice.queue == "orders");

  const Environment environment({{"MS2M_BROKER_PASSWORD", "s3cret\n"}, {"MS2M_QUEUE", "\n"}});
  CHECK(environment.get("MS2M_BROKER_PASSWORD") == "s3cret");
  CHECK_FALSE(environment.get("MS2M_QUEUE"));

  const test::TempDir dir;
  const auto file = dir.path() / "config.yaml";
  std::ofstream(file) << "broker_password: |\n  s3cret\nstrategy: |\n  handoff\n";
  CHECK(read_config(file).broker.password == "s3cret");
  CHECK(read_config(file).settings.at("strategy") == "handoff");
}
