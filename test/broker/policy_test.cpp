// What the policies of a virtual host make of a queue, as the management API tells them.
#include <fstream>
#include <map>

#include "broker/rabbit_admin.hpp"
#include "kube/raw_server.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// A management API with these answers, by path; anything else is not there.
class Api {
 public:
  explicit Api(std::map<std::string, Json> answers)
      : answers_(std::move(answers)), server_([this](int listener) {
          for (int peer; (peer = ::accept(listener, nullptr, nullptr)) >= 0; ::close(peer)) {
            const std::string head = RawServer::read_head(peer);
            const auto begin = head.find(' ') + 1;
            const auto found = answers_.find(head.substr(begin, head.find_first_of(" ?", begin) - begin));
            const std::string body = found == answers_.end() ? "{}" : found->second.dump();
            RawServer::send(peer, std::string("HTTP/1.1 ") + (found == answers_.end() ? "404 Not Found" : "200 OK") +
                                      "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                                      "\r\n\r\n" + body);
          }
        }) {}

  RabbitAdmin admin() const {
    BrokerAddress where;
    where.api_url = server_.url();
    return RabbitAdmin(where);
  }

 private:
  const std::map<std::string, Json> answers_;
  RawServer server_;
};

std::optional<Json> foreseen(const Json& policies) {
  const Api api({{"/api/policies/%2F", policies}, {"/api/operator-policies/%2F", Json::array()}});
  return api.admin().policy_for("ms2m.a.hold", StopToken{}.within(Millis{5000}));
}

Json policies_of_the_world() {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/policies-pcre.json");
  return Json::parse(in);
}

}  // namespace

TEST_CASE("policies with Perl's patterns act as the broker says", "[case-02]") {
  for (const Json& policy : policies_of_the_world()) {
    INFO(policy["pattern"]);
    CHECK(foreseen(Json::array({policy})) == policy["definition"]);
  }
  CHECK(foreseen(policies_of_the_world()) == Json{{"max-length", 100}});  // the one of the highest priority
}

TEST_CASE("a policy that cannot be judged is not one that does not apply", "[case-02]") {
  const Json odd{{"name", "odd"},
                 {"pattern", "(?<odd"},
                 {"apply-to", "all"},
                 {"priority", 1},
                 {"definition", {{"max-length", 1}}}};
  Json all{
      {"name", "all"}, {"pattern", ".*"}, {"apply-to", "queues"}, {"priority", 0}, {"definition", {{"expires", 2}}}};
  CHECK_FALSE(foreseen(Json::array({odd, all})));
  all["priority"] = 2;  // then it does not matter what the other one is
  CHECK(foreseen(Json::array({odd, all})) == Json{{"expires", 2}});
  CHECK(foreseen(Json::array()) == Json::object());
}

TEST_CASE("of several policies of the same priority any one may count", "[case-02]") {
  Json a{{"name", "a"}, {"pattern", ".*"}, {"definition", {{"message-ttl", 9}}}}, b = a;
  b["definition"] = {{"message-ttl", 5}, {"expires", 7}};
  CHECK(foreseen(Json::array({a, b})) == Json{{"message-ttl", 5}, {"expires", 7}});
  CHECK(foreseen(Json::array({b, a})) == Json{{"message-ttl", 5}, {"expires", 7}});
}

TEST_CASE("what acts on a queue that is there is read without the right to read single policies", "[case-02]") {
  const Json queue{{"name", "ms2m.a.hold"}, {"policy", "any-case"}};
  Json listed = queue;
  std::map<std::string, Json> answers{{"/api/queues/%2F/ms2m.a.hold", queue},
                                      {"/api/queues/%2F", Json::array({listed})},
                                      {"/api/policies/%2F", policies_of_the_world()},
                                      {"/api/consumers/%2F", Json::array()}};
  CHECK(Api(answers).admin().queue("ms2m.a.hold", StopToken{}.within(Millis{5000}))->policy ==
        Json{{"max-length", 100}});
  listed["effective_policy_definition"] = {{"message-ttl", 3}};
  answers["/api/queues/%2F"] = Json::array({listed});
  CHECK(Api(answers).admin().queue("ms2m.a.hold", StopToken{}.within(Millis{5000}))->policy ==
        Json{{"message-ttl", 3}});
}

TEST_CASE("what acts on a queue is the broker's own word, once it says it", "[case-02]") {
  Json queue{{"name", "ms2m.a.hold"}, {"policy", "odd"}};
  const auto effective = [&](Millis limit) {
    const Api api({{"/api/queues/%2F/ms2m.a.hold", queue}});
    return api.admin().effective_policy("ms2m.a.hold", StopToken{}.within(limit));
  };
  CHECK_FALSE(effective(Millis{200}));  // not yet
  queue["effective_policy_definition"] = Json{{"message-ttl", 3}};
  CHECK(effective(Millis{5000}) == Json{{"message-ttl", 3}});
  queue["effective_policy_definition"] = Json::array();  // as it tells that there is none
  CHECK(effective(Millis{5000}) == Json::object());
  const Api nothing{{}};
  CHECK_FALSE(nothing.admin().effective_policy("ms2m.a.hold", StopToken{}.within(Millis{5000})));
}
